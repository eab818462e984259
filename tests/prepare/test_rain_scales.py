"""Scales of rain: known values, the way back, and what stays out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import parse

NAMES = ("t-1", "t-0", "flow-1", "flow_y", "flow_x")
RAIN = arrays(
    np.float32, (2, 3, 4), elements=st.one_of(st.just(0.0), st.floats(0.0625, 128, width=32), st.just(np.nan))
)


def pipeline(*steps: Any) -> Pipeline:
    return Pipeline([parse("prepare", step) for step in steps], "frames", NAMES)  # type: ignore[misc]


def scaled(step: Any, *rain: float) -> list[float]:
    return [float(one) for one in pipeline(step).transform_rain(np.array(rain, np.float32))]


@pytest.mark.parametrize(
    ("step", "rain", "want"),
    [
        ("log_rain", (0, 0.1, 0.9, 99.9), (0, np.log(2), np.log(10), np.log(1000))),
        ({"log_rain": {"threshold": 1.0}}, (0, 1), (0, np.log(2))),
        ("log1p", (0, 1, 9), (0, np.log(2), np.log(10))),
        # Z = 200 R^1.6: 23.01 dBZ at 1 mm/h, 16 more for each ten times
        ("dbz", (0, 0.001, 1, 10), (0, 0, (23.0103 + 10) / 70, (39.0103 + 10) / 70)),
        ({"dbz": {"a": 300, "b": 1.4, "low": 0, "high": 100}}, (1, 10), (0.247712, 0.387712)),
        ("clip", (0, 149, 400), (0, 149, 150)),
    ],
)
def test_known_values(step: Any, rain: tuple[float, ...], want: tuple[float, ...]) -> None:
    np.testing.assert_allclose(scaled(step, *rain), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("step", ["log_rain", "log1p", "dbz", "clip"])
@settings(max_examples=40, deadline=None)
@given(rain=RAIN)
def test_rain_comes_back(step: str, rain: np.ndarray) -> None:
    made = pipeline(step)
    back = made.inverse_transform(made.transform_rain(rain))
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, rain, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("step", ["log_rain", "log1p", "dbz"])
def test_outputs_below_none_are_no_rain(step: str) -> None:
    back = pipeline(step).inverse_transform(np.array([-3, -0.01, 0, np.nan], np.float32))
    assert np.array_equal(back, [0, 0, 0, np.nan], equal_nan=True)


def test_steps_act_in_order_and_come_back_in_turn() -> None:
    made = pipeline({"clip": {"high": 9.0}}, "log1p")
    rain = np.array([0, 3, 9, 50], np.float32)
    np.testing.assert_allclose(made.transform_rain(rain), np.log1p([0, 3, 9, 9]), rtol=1e-6)
    np.testing.assert_allclose(made.inverse_transform(made.transform_rain(rain)), [0, 3, 9, 9], rtol=1e-5)


def test_motion_stays_in_pixels() -> None:
    X = np.random.default_rng(0).uniform(-4, 4, (2, 5, 6, 7)).astype(np.float32)
    X[:, :3] = np.abs(X[:, :3])
    kept, made = X.copy(), pipeline("log_rain").transform(X)
    assert np.array_equal(made[:, 3:], X[:, 3:])
    np.testing.assert_allclose(made[:, :3], np.log1p(10 * X[:, :3]), rtol=1e-5)
    assert np.array_equal(X, kept)


def test_reflectivity_that_does_not_rise_is_refused() -> None:
    with pytest.raises(ValueError, match="expected high above low, got low 60 and high 60"):
        parse("prepare", {"dbz": {"low": 60}})
