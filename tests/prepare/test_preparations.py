"""Each preparation against plain arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from holdfast.errors import BadInput
from holdfast.prepare.calculus import derivative, integral
from holdfast.prepare.interpolate import interpolate_gaps
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data, with_gaps

GAPPY = arrays(
    np.float64, st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 2)),
    elements=st.one_of(st.just(np.nan), st.floats(-100, 100)),
)  # fmt: skip


def pipeline(steps: list[object], kind: str = "windows", **over: object) -> tuple[Pipeline, np.ndarray]:
    data = replace(tiny_data(kind), **over)  # type: ignore[arg-type]
    return Pipeline([parse("prepare", step) for step in steps], kind, data.names).fit(data), data.read()  # type: ignore[misc]


@settings(max_examples=80, deadline=None)
@given(GAPPY)
def test_interpolation_equals_pandas(X: np.ndarray) -> None:
    kept = X.copy()
    made = interpolate_gaps(X)
    assert np.array_equal(X, kept, equal_nan=True)
    for window, filled in zip(X, made):
        want = pd.DataFrame(window).interpolate(limit_direction="both").to_numpy()
        np.testing.assert_allclose(filled, want, atol=1e-9)


def test_gaps_beyond_the_limit_stay() -> None:
    X = np.array([np.nan, 1, np.nan, np.nan, 4, np.nan, 6, np.nan, np.nan, np.nan]).reshape(1, -1, 1)
    want = [1, 1, 2, 3, 4, 5, 6, np.nan, np.nan, np.nan]
    assert np.array_equal(interpolate_gaps(X, 2).ravel(), want, equal_nan=True)


def test_what_stays_open_gets_the_training_mean() -> None:
    source = with_gaps(tiny_data().source)
    source[0, :, 1] = np.nan
    made, X = pipeline(["interpolate"], source=source)
    filled = made.transform(X)
    assert np.isfinite(filled).all()
    np.testing.assert_allclose(filled[0, :, 1], np.nanmean(source[:, :, 1]), rtol=1e-5)


def test_channel_without_any_value_becomes_zero() -> None:
    source = tiny_data().source.copy()
    source[:, :, 0] = np.nan
    made, X = pipeline(["interpolate", "standardize"], source=source)
    assert not made.transform(X)[:, :, 0].any()


def test_standardize_gives_mean_zero_deviation_one() -> None:
    for kind in ("windows", "table"):
        made, X = pipeline(["standardize"], kind)
        out = made.transform(X)
        axes = tuple(range(X.ndim - 1))
        np.testing.assert_allclose(out.mean(axis=axes), 0, atol=1e-5)
        np.testing.assert_allclose(out.std(axis=axes), 1, atol=1e-4)


def test_constant_channel_is_no_obstacle() -> None:
    source = tiny_data().source.copy()
    source[:, :, 0] = 7
    made, X = pipeline(["standardize"], source=source)
    assert not made.transform(X)[:, :, 0].any()


def test_learning_by_chunks_equals_learning_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    source = with_gaps(tiny_data().source)
    whole, X = pipeline(["interpolate", "derivative", "standardize"], source=source)
    monkeypatch.setattr("holdfast.data.dataset.CHUNK", 5)
    chunked, _ = pipeline(["interpolate", "derivative", "standardize"], source=source)
    np.testing.assert_allclose(chunked.transform(X), whole.transform(X), rtol=1e-4, atol=1e-5)


def test_derivative_and_integral_of_known_curves() -> None:
    t = np.arange(20) * 0.5
    X = (t**2).reshape(1, 20, 1)
    np.testing.assert_allclose(derivative(X, 0.5)[0, 1:-1, 0], 2 * t[1:-1])
    np.testing.assert_allclose(integral(2 * t.reshape(1, 20, 1), 0.5)[0, :, 0], t**2)
    assert derivative(np.ones((2, 1, 3))).shape == (2, 1, 3)


def test_both_act_on_the_datas_own_channels() -> None:
    made, X = pipeline(["derivative", "integral"])
    out = made.transform(X)
    assert out.shape == (36, 16, 9)
    np.testing.assert_allclose(out[:, :, 3:6], derivative(X))
    np.testing.assert_allclose(out[:, :, 6:], integral(X))


def test_impute_takes_the_training_median() -> None:
    source = tiny_data("table").source.copy()
    source[3, 1] = np.nan
    source[:, 2] = np.nan
    made, X = pipeline(["impute"], "table", source=source)
    out = made.transform(X)
    assert out[3, 1] == pytest.approx(np.nanmedian(source[:, 1]))
    assert out.shape == X.shape
    assert not out[:, 2].any()


def test_halves_make_the_whole() -> None:
    made, X = pipeline(["interpolate", "derivative", "standardize"], source=with_gaps(tiny_data().source))
    assert np.array_equal(made.after(made.before(X)), made.transform(X))
    assert np.isfinite(made.before(X)).all()
    assert made.before(X).shape == X.shape


def test_order_is_checked() -> None:
    with pytest.raises(BadInput, match="interpolate must stand before derivative"):
        pipeline(["derivative", "interpolate"])
