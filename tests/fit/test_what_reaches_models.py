"""Test-time augmentation, several feature makers, selection: what reaches a model, in which order."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.predict.base import said_of_views
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.select.base import Selection
from holdfast.testing.samples import CLASSES, tiny_data

TREES = {"extra_trees": {"n_estimators": 5}}
CONV = {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}}
ROLLS = {"tta": [{"roll": {"times": 3}}]}


def member(model: Any, kind: str = "windows", predict: Any = None, **parts: Any) -> MemberSpec:
    values = {
        "metric": "accuracy", "folds": "stratified", "fit": {"epochs": 1, "batch_size": 8, "precision": "32"},
        "members": {"one": {"model": model, **parts}}, **({"predict": predict} if predict else {}),
    }  # fmt: skip
    return resolve(Recipe.model_validate(values), "one", tiny_data(kind), CLASSES)


@pytest.mark.parametrize("model", [TREES, CONV])
def test_predictions_are_the_mean_over_views(model: Any) -> None:
    """The rolled copies, predicted as samples of their own, and the sample itself."""
    data = tiny_data()
    with limited(1):
        plain = fit_member(member(model), data, CLASSES, 0, 1)
        rolled = fit_member(member(model, predict=ROLLS), data, CLASSES, 0, 1)
        spec = member(model, predict=ROLLS)
        copies = [
            plain.predict(_with(data, view))
            for view in said_of_views(spec.at_test_time.tta, data.read(), lambda view: view)
        ]
        made = rolled.predict(data)
    assert len(copies) == 4
    np.testing.assert_allclose(made, np.mean(copies, axis=0), rtol=1e-5, atol=1e-6)
    assert not np.allclose(made, copies[0])


def _with(data: Any, source: np.ndarray) -> Any:
    from dataclasses import replace

    return replace(data, source=source)


def test_a_member_may_do_without_the_recipes_views() -> None:
    assert len(member(TREES, predict=ROLLS).at_test_time.tta) == 1
    values = {
        "metric": "accuracy", "folds": "stratified", "predict": ROLLS,
        "members": {"one": {"model": TREES, "predict": {"tta": []}}},
    }  # fmt: skip
    assert resolve(Recipe.model_validate(values), "one", tiny_data(), CLASSES).at_test_time.tta == ()


def test_views_of_tables_are_refused() -> None:
    with pytest.raises(BadInput, match=r"members.one.tta: roll takes windows, the data are table"):
        member("logistic", kind="table", predict=ROLLS)


def test_feature_makers_stand_side_by_side() -> None:
    plain = {"window_statistics": {"differences": False}}
    data = tiny_data()
    sizes = [
        fit_member(member(TREES, features=makers), data, CLASSES, 0, 1).table(data.read()).shape[1]  # type: ignore[attr-defined]
        for makers in (plain, [plain], [plain, "window_statistics"], "window_statistics")
    ]
    assert sizes[0] == sizes[1]
    assert sizes[2] == sizes[0] + sizes[3]


class Odd(Selection):
    """Planted: keeps every second column, and remembers what it was shown."""

    seen: ClassVar[list[Any]] = []

    def choose(
        self,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None,
        target: TargetSpec,
        seed: int,
        threads: int,
    ) -> np.ndarray:
        self.seen.append((X.copy(), y.copy()))
        return np.arange(1, X.shape[1], 2)


Odd.name = "odd"


def test_selection_sees_the_training_part_and_rules_what_the_model_sees() -> None:
    from dataclasses import replace

    data, learn = tiny_data("table"), np.arange(24)
    spec = replace(member(TREES, kind="table"), select=Odd())
    fitted = fit_member(spec, data.take(learn), CLASSES, 0, 1)
    (X, y), *more = Odd.seen
    assert not more
    assert len(X) == len(y) == 24
    assert fitted.estimators[0].n_features_in_ == 2  # type: ignore[attr-defined]
    assert fitted.facts == {"columns": [1, 3]}
    changed = data.source.copy()
    changed[:, [0, 2]] += 100
    np.testing.assert_array_equal(fitted.predict(_with(data, changed)), fitted.predict(data))
