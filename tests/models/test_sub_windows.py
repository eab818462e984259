"""sub_windows: the mean of its inner model over a window's parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import BadInput
from holdfast.fit.resolved import resolve
from holdfast.models.sub_windows import parts_of
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, REAL, tiny_data

HYDRA = {"hydra": {"n_groups": 4, "inner": 2}}


def model_of(entry: Any) -> Any:
    return parse("model", entry)


def built(fields: dict[str, Any], target: TargetSpec = CLASSES) -> Any:
    return model_of({"sub_windows": {"length": 8, "hop": 4, **fields}}).build(target, 2, 1)


def resolved(fields: dict[str, Any], **over: Any) -> Any:
    plain = {
        "metric": "accuracy",
        "folds": "stratified",
        "members": {"one": {"model": {"sub_windows": {"length": 8, **fields}}}},
        **over,
    }
    return resolve(Recipe.model_validate(plain), "one", tiny_data(), CLASSES)


@settings(max_examples=30, deadline=None)
@given(steps=st.integers(2, 20), length=st.integers(2, 20), hop=st.integers(1, 25))
def test_parts_are_the_slices_of_each_window(steps: int, length: int, hop: int) -> None:
    length = min(length, steps)
    X = np.random.default_rng(0).normal(size=(3, steps, 2))
    starts = range(0, steps - length + 1, hop)
    want = np.stack([X[:, start : start + length] for start in starts], axis=1)
    assert np.array_equal(parts_of(X, length, hop), want)


@pytest.mark.parametrize("grouped", [True, False])
def test_prediction_is_the_mean_of_the_inner_model_on_the_parts(grouped: bool) -> None:
    """The inner model holds out whole groups, or where none are known whole windows, parts and all."""
    data = tiny_data()
    X, y = data.read(), data.target
    groups = data.groups if grouped else None
    made = built({"model": HYDRA}).fit(X, y, groups=groups)
    parts = np.stack([X[:, start : start + 8] for start in (0, 4, 8)], axis=1).reshape(-1, 8, 3)
    units = np.repeat(np.arange(36) if groups is None else groups, 3)
    inner = model_of(HYDRA).build(CLASSES, 2, 1).fit(parts, np.repeat(y, 3), groups=units)
    want = inner.predict_proba(parts).reshape(36, 3, 3).mean(axis=1)
    np.testing.assert_allclose(made.predict_proba(X), want, atol=1e-12)
    assert made.classes_.tolist() == [0, 1, 2]


def test_values_are_averaged_too() -> None:
    data = tiny_data(target="real")
    made = built({"model": HYDRA}, REAL).fit(data.read(), data.target, groups=data.groups)
    each = [made.inner_.predict(data.read()[:, start : start + 8]) for start in (0, 4, 8)]
    np.testing.assert_allclose(made.predict(data.read()), np.mean(each, axis=0), rtol=1e-6)


def test_table_models_see_standardized_features_of_the_parts() -> None:
    data = tiny_data()
    made = built({"model": "lda"}).fit(data.read(), data.target)
    rows, count = made._scaled(data.read())
    assert count == 3
    moving = rows.std(axis=0) > 1e-9
    assert moving.mean() > 0.8
    np.testing.assert_allclose(rows[:, moving].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(rows[:, moving].std(axis=0), 1, atol=1e-6)
    raw = parse("features", "window_statistics").transform(data.read()[:, 4:12])  # type: ignore[attr-defined]
    np.testing.assert_allclose(rows[1::3], made.scaler_.transform(raw.astype(np.float64)))


def test_weights_follow_their_windows() -> None:
    data = tiny_data()
    assert data.target is not None
    weights = np.where(data.target == 0, 20.0, 0.1)
    plain = built({"model": "logistic"}).fit(data.read(), data.target).predict_proba(data.read())
    made = built({"model": "logistic"}).fit(data.read(), data.target, sample_weight=weights)
    assert made.predict_proba(data.read())[:, 0].mean() > plain[:, 0].mean()


def test_facts_of_the_inner_model_come_through() -> None:
    data = tiny_data()
    grouping = {"still": ["sit", "stand"], "moving": ["walk"]}
    made = built({"model": {"two_stage": {"grouping": grouping}}}).fit(data.read(), data.target)
    assert made.facts_ == {"hierarchy": grouping}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"length": 17}, r"length: parts of 17 steps, the windows have 16; expected 16 or fewer"),
        ({"model": "conv_residual"}, r"model: conv_residual is a network"),
        ({"model": "ridge"}, r"model: ridge predicts real, the target is classes"),
        ({"features": "window_statistics"}, r"features: minirocket takes windows as they are"),
        ({"model": {"sub_windows": {"length": 20}}}, r"model\.sub_windows\.length: parts of 20 steps"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=r"^members\.one\.model\.sub_windows\." + said):
        resolved(fields)


def test_inner_models_that_cannot_weigh_refuse_class_weights() -> None:
    with pytest.raises(BadInput, match="sub_windows cannot"):
        resolved({"model": "knn"}, balance="class_weights")
