"""Test sets that are otherwise, and their clean twins. All data are simulated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from persons import seen, side_of

from holdfast.check.adversary import auc_of, fold_of
from holdfast.check.base import KINDS
from holdfast.check.shift import PriorShift, TestShift, shares_by_em
from holdfast.check.summaries import summaries
from holdfast.data.dataset import Dataset
from holdfast.folds.splitters import StratifiedGroup
from holdfast.folds.table import make_folds
from holdfast.testing.samples import CLASSES, NAMES, SHAPES, tiny_data


def as_test_set(data: Dataset, grouped: bool = False) -> Dataset:
    """The same as test samples."""
    return replace(
        data, target=None, order=None, grids=None, flow=None, groups=data.groups if grouped else None
    )


def shifted(data: Dataset, by: float) -> Dataset:
    """All inputs larger by a share of their usual size."""
    source = np.array(data.source, dtype=np.float32) * (1 + by)
    return replace(data, source=np.clip(source, 0, 255).astype(np.uint8) if data.kind == "images" else source)


@pytest.mark.parametrize("kind", ["table", "windows"])
def test_other_persons_are_no_shift(kind: str) -> None:
    one = TestShift().run(seen(side_of(kind, 0), test=as_test_set(side_of(kind, 1))))
    assert one.status == "passed"


@settings(max_examples=2, deadline=None)
@given(by=st.floats(1.5, 4.0), column=st.integers(0, 3))
def test_column_that_tells_is_named(by: float, column: int) -> None:
    data, test = side_of("table", 0), side_of("table", 1)
    test.source[:, column] += by * 1.5
    one = TestShift().run(seen(data, test=as_test_set(test, grouped=True)))
    assert one.ids[0] == f"c{column}"


def test_samples_without_groups_are_compared_with_chance() -> None:
    data, test = replace(tiny_data("table", groups=30), groups=None), tiny_data("table", groups=30, seed=5)
    assert TestShift().run(seen(data, test=as_test_set(test))).status == "passed"
    assert TestShift().run(seen(data, test=as_test_set(shifted(test, 2.0)))).status == "found"


def test_auc_counts_pairs() -> None:
    rng = np.random.default_rng(0)
    score, side = rng.integers(0, 9, 60).astype(float), rng.integers(0, 2, 60)
    pairs = score[side == 1][:, None] - score[side == 0][None, :]
    assert np.isclose(auc_of(score, side, np.ones(60)), ((pairs > 0) + (pairs == 0) / 2).mean())


def test_folds_of_two_sides_keep_groups_whole() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 9, 200)
    side = (groups < 4).astype(int)
    fold = fold_of(side, groups, 0)
    assert all(len(np.unique(fold[groups == g])) == 1 for g in range(9))
    assert all(len(np.unique(fold[side == s])) == 3 for s in (0, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_summaries_have_a_name_each_and_say_missing(kind: str) -> None:
    data = tiny_data(kind)
    X, names = summaries(data, np.arange(5))
    assert X.shape == (5, len(names))
    assert len(set(names)) == len(names)
    assert np.isfinite(X).all()
    if kind == "images":
        assert np.isclose(X[0, 0], data.read()[0, :, :, 0].mean(), rtol=1e-5)
    else:
        gone = replace(data, source=np.full((1, *SHAPES[kind]), np.nan, np.float32), names=NAMES[kind])
        assert np.isnan(summaries(gone, np.array([0]))[0][0, 0])


def predictions(shares: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes drawn with these shares, and the probabilities of a model that is right about them at even shares."""
    rng = np.random.default_rng(seed)
    y = rng.choice(3, n, p=shares)
    X = rng.normal(size=(n, 3)) + 2.0 * np.eye(3)[y]
    p = np.exp(2.0 * X)
    return y, p / p.sum(axis=1, keepdims=True)


def shares_judged(shares: tuple[float, ...], seed: int) -> Any:
    even = np.full(3, 1 / 3)
    y, p = predictions(even, 900, seed)
    data = replace(tiny_data(groups=30, each=30), target=y)
    folds = make_folds(StratifiedGroup(k=3), data, CLASSES, Path())
    _, there = predictions(np.array(shares), 500, seed + 1)
    return PriorShift().run(seen(data, folds=folds, oof={"a": p[None]}, tested={"a": there}))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 500))
def test_prior_shift_is_found_and_even_shares_pass(seed: int) -> None:
    one = shares_judged((0.7, 0.2, 0.1), seed)
    assert (one.status, one.ids[0]) == ("found", "sit")
    assert shares_judged((1 / 3, 1 / 3, 1 / 3), seed).status == "passed"


def test_shares_are_estimated_where_argmax_is_biased() -> None:
    shares = np.array([0.8, 0.15, 0.05])
    y, p = predictions(shares, 4000, 3)
    own = np.bincount(y) / len(y)
    assert np.abs(shares_by_em(p, np.full(3, 1 / 3)) - own).max() < 0.02
    assert np.abs(p.mean(axis=0) - own).max() > 0.05


def test_prior_shift_needs_test_predictions() -> None:
    data = tiny_data()
    folds = make_folds(StratifiedGroup(k=3), data, CLASSES, Path())
    assert PriorShift().run(seen(data, folds=folds, oof={})).status == "not applicable"
