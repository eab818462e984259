"""SMOTE: where new rows lie, whose they are, and that they stay inside the fold."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from holdfast.errors import BadInput
from holdfast.fit.estimator import _with_extra
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.recipe.registry import known, parse
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, tiny_data

VARIANTS = ["smote", "borderline", "svm", "adasyn"]


def simulated(counts: tuple[int, ...] = (40, 12, 6), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds, float32 `(n, 2)`, one a class."""
    y = np.repeat(np.arange(len(counts)), counts)
    X = np.random.default_rng(seed).normal(size=(len(y), 2)) + y[:, None]
    return X.astype(np.float32), y


def extra(X: np.ndarray, y: np.ndarray, seed: int = 1, **fields: Any) -> Any:
    return parse("balance", {"smote": fields}).extra(X, y, CLASSES, seed)  # type: ignore[attr-defined]


def off_line(point: np.ndarray, ends: np.ndarray) -> float:
    """How far a point lies off the nearest segment between two of `ends`, as the detour through it."""
    to = np.linalg.norm(ends - point, axis=1)
    between = np.linalg.norm(ends[:, None] - ends[None], axis=2)
    return float((to[:, None] + to[None] - between).min())


@given(seed=st.integers(0, 2**32), variant=st.sampled_from(["smote", "borderline", "adasyn"]))
@settings(max_examples=15, deadline=None)
def test_new_rows_lie_between_two_rows_of_their_class(seed: int, variant: str) -> None:
    X, y = simulated(seed=seed)
    made = extra(X, y, seed, variant=variant)
    assume(made is not None)  # a variant may find no row to start from
    new, labels, rows = made
    for point, label in zip(new, labels):
        assert off_line(point, X[y == label]) < 1e-5
    assert np.array_equal(labels, y[rows])


@given(seed=st.integers(0, 2**32), variant=st.sampled_from(VARIANTS))
@settings(max_examples=15, deadline=None)
def test_row_is_made_from_the_nearest_of_its_class(seed: int, variant: str) -> None:
    X, y = simulated(seed=seed)
    made = extra(X, y, seed, variant=variant)
    assume(made is not None)
    new, labels, rows = made
    for point, label, row in zip(new, labels, rows):
        away = np.where(y == label, np.linalg.norm(X - point, axis=1), np.inf)
        assert away[row] == pytest.approx(away.min(), abs=1e-5)


def test_classes_become_equal() -> None:
    X, y = simulated()
    assert np.bincount(extra(X, y)[1]).tolist() == [0, 28, 34]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_type_stays_and_the_seed_decides(variant: str, dtype: Any) -> None:
    X, y = simulated()
    X = X.astype(dtype)
    made, again, other = (extra(X, y, seed, variant=variant)[0] for seed in (1, 1, 2))
    assert made.dtype == dtype
    assert np.array_equal(made, again)
    assert made.shape != other.shape or not np.array_equal(made, other)


@pytest.mark.parametrize("variant", VARIANTS)
def test_few_samples(variant: str) -> None:
    """A class of one stays as it is, a class of two has one neighbour, equal classes get nothing."""
    X, y = simulated((9, 2, 1))
    made = extra(X, y, variant=variant)
    if variant == "smote":
        assert np.bincount(made[1]).tolist() == [0, 7]
        assert all(off_line(point, X[y == 1]) < 1e-5 for point in made[0])
    assert made is None or not (made[1] == 2).any()
    assert extra(*simulated((5, 5)), variant=variant) is None
    assert extra(*simulated((5, 1)), variant=variant) is None


@pytest.mark.parametrize("variant", ["borderline", "adasyn"])
def test_variant_that_finds_nowhere_to_start_makes_nothing(variant: str) -> None:
    X, y = simulated((40, 20))
    X[y == 1] += 100  # no neighbour is of the other class
    assert extra(X, y, variant=variant) is None
    assert extra(X, y) is not None


def test_svm_of_noise_alone_makes_nothing() -> None:
    X, y = simulated((60, 4))
    X[y == 1] = 8 * np.array(
        [[1, 1], [-1, 1], [1, -1], [-1, -1]], dtype=np.float32
    )  # each far from its class
    assert extra(X, y, variant="svm") is None


def test_other_errors_of_the_library_are_not_hidden() -> None:
    with pytest.raises(ValueError, match="dim 3"):
        extra(np.zeros((9, 3, 2), dtype=np.float32), np.repeat([0, 1], [6, 3]))


def test_gaps_are_refused() -> None:
    X, y = simulated()
    X[0, 0] = np.nan
    with pytest.raises(BadInput, match=r"balance\.smote: the table has gaps"):
        extra(X, y)


def member(model: Any, kind: str = "table", **parts: Any) -> MemberSpec:
    values = {
        "metric": "accuracy",
        "folds": "stratified",
        "balance": ["smote"],
        "members": {"one": {"model": model}},
    }
    return resolve(Recipe.model_validate({**values, **parts}), "one", tiny_data(kind), CLASSES)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_new_rows_take_the_group_of_their_source(dtype: Any) -> None:
    """Each class of each group is a cloud far from all others: a new row's place says whose it is."""
    rng = np.random.default_rng(0)
    y, group = np.repeat([0, 1, 2], [60, 12, 12]), np.tile(np.arange(3), 28)
    X = (np.stack([100.0 * y, 1000.0 * group], axis=1) + rng.normal(size=(84, 2))).astype(dtype)
    spec = member("extra_trees", balance=[{"smote": {"k_neighbors": 3}}])
    weight = 1.0 + y + 10.0 * group
    made, labels, groups, weights = _with_extra(spec, X, y, group, weight, CLASSES, 0, of_tables=True)
    assert made.dtype == dtype
    assert np.bincount(labels).tolist() == [60, 60, 60]
    assert groups is not None
    np.testing.assert_allclose(made[:, 1], 1000.0 * groups, atol=5)
    np.testing.assert_allclose(made[:, 0], 100.0 * labels, atol=5)
    np.testing.assert_array_equal(weights, 1.0 + labels + 10.0 * groups)


class Recorder:
    """An estimator that keeps what it is fitted on."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Recorder:
        self.X, self.y, self.classes_ = X.copy(), y.copy(), np.unique(y)
        return self


@pytest.mark.parametrize("kind", ["table", "windows"])
def test_acts_on_what_the_estimator_sees_and_on_the_training_part_alone(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Recorder()
    monkeypatch.setattr(known("model")["extra_trees"], "build", lambda *_: seen)
    data = tiny_data(kind)
    data = replace(data, target=np.where(data.order % 4 == 0, data.target, 0))  # type: ignore[operator]
    train = data.take(np.arange(24))
    assert train.target is not None
    counts = np.bincount(train.target, minlength=3)
    fit_member(member("extra_trees", kind), train, CLASSES, 0, 1)
    assert np.bincount(seen.y).tolist() == [counts.max()] * 3
    real = seen.X[: len(train)]
    for code in (1, 2):
        mine, new = real[train.target == code], seen.X[len(train) :][seen.y[len(train) :] == code]
        assert (new >= mine.min(axis=0) - 1e-5).all()
        assert (new <= mine.max(axis=0) + 1e-5).all()


@pytest.mark.parametrize("model", ["conv_residual", "constant"])
def test_models_that_see_no_table_are_refused(model: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"smote makes rows of tables, which {model} does not see")):
        member(model, "windows")
