"""The contract of ensembles."""

from __future__ import annotations

import json
from typing import cast

import numpy as np
import pytest

from holdfast.metrics.base import Metric
from holdfast.recipe.registry import parse
from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import TARGETS

KINDS = ("classes", "real", "grid")
METRIC = {"classes": "macro_f1", "real": "mae", "grid": "mae"}
FOLDS = np.arange(30) % 5


def tiny_members(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Two members' predictions of 30 rows, and the truth; a grid with a gap."""
    rng = np.random.default_rng(0)
    if kind == "classes":
        members = rng.random((2, 30, 3))
        return members / members.sum(axis=2, keepdims=True), np.arange(30) % 3
    shape = (30,) if kind == "real" else (30, 1, 4, 4)
    truth, members = rng.normal(size=shape), rng.normal(size=(2, *shape))
    if kind == "grid":
        truth[3, 0, 1, 1] = np.nan
    return members, truth


class EnsembleContract(ComponentContract):
    """Members' predictions `(members, n, …)` → `(n, …)`, of the targets that it serves."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_gives_predictions_of_the_same_form(self, kind: str) -> None:
        self._serves(kind)
        members, truth = tiny_members(kind)
        kept = members.copy()
        learned = self.component.fit(members, truth, FOLDS)
        made = self.component.predict(learned, members[:, :7])
        assert made.shape == (7, *members.shape[2:])
        assert np.isfinite(made).all()
        assert np.array_equal(members, kept)
        if kind == "classes":
            np.testing.assert_allclose(made.sum(axis=1), 1, rtol=1e-6)
        again = self.component.predict(self.component.fit(members, truth, FOLDS), members[:, :7])
        assert np.array_equal(made, again)

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_order_of_rows_does_not_matter(self, kind: str) -> None:
        self._serves(kind)
        members, truth = tiny_members(kind)
        order = np.random.default_rng(1).permutation(30)
        learned = self.component.fit(members, truth, FOLDS)
        turned = self.component.fit(members[:, order], truth[order], FOLDS[order])
        made, other = (self.component.predict(one, members) for one in (learned, turned))
        np.testing.assert_allclose(made, other, atol=1e-4)

    @pytest.mark.parametrize("kind", KINDS)
    def test_knows_its_metric_and_tells_what_it_learned(self, kind: str) -> None:
        self._serves(kind)
        members, truth = tiny_members(kind)
        metric = cast("Metric", parse("metric", METRIC[kind]))
        known = self.component.for_metric(metric, TARGETS[kind])
        assert known.entry() == self.component.entry()
        facts = known.facts(known.fit(members, truth, FOLDS), ["one", "two"])
        assert json.loads(json.dumps(facts, allow_nan=False)) == facts
        assert bool(known.says(facts)) == bool(facts) if facts else True

    def _serves(self, kind: str) -> None:
        assert self.component.targets <= set(KINDS)
        if kind not in self.component.targets:
            pytest.skip(f"{self.component.name} is for {' and '.join(sorted(self.component.targets))}")
