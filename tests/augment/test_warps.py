"""What changes time and magnitude: ends, constants, shares and deviations are as said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.augment.curves import smooth_curves
from holdfast.augment.resample import crop, pick, resample
from holdfast.keys import item_keys
from holdfast.recipe.registry import parse

N, STEPS = 500, 40
KEYS = item_keys(1, np.arange(N))
RAMP = np.tile(np.arange(STEPS, dtype=np.float32)[None, :, None], (N, 1, 3))
ONES = np.ones((N, STEPS, 3), dtype=np.float32)


def changed(name: str, X: np.ndarray, **fields: Any) -> np.ndarray:
    made = parse("augment", {name: fields}).apply(X, np.zeros(len(X)), KEYS[: len(X)])[0]  # type: ignore[attr-defined]
    assert isinstance(made, np.ndarray)
    assert made.dtype == np.float32
    return made


# reading at other places


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 3), st.integers(0, 10))
def test_resample_equals_numpys_interpolation(steps: int, channels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, places = rng.normal(size=(4, steps, channels)), rng.uniform(0, steps - 1, (4, 7))
    made = resample(X, places)
    for window, place, got in zip(X, places, made):
        for channel in range(channels):
            want = np.interp(place, np.arange(steps), window[:, channel])
            np.testing.assert_allclose(got[:, channel], want, atol=1e-12)


def test_whole_steps_are_read_as_they_are() -> None:
    X = np.random.default_rng(0).normal(size=(3, 9, 2))
    index = np.random.default_rng(1).integers(0, 9, (3, 5))
    assert np.array_equal(pick(X, index), [window[places] for window, places in zip(X, index)])
    assert np.array_equal(resample(X, index.astype(float)), pick(X, index))


def test_crop_lies_where_it_is_told_to() -> None:
    made = crop(RAMP[:3], np.array([0.0, 0.5, 1.0]), np.array([0.5, 0.5, 0.5]))[:, :, 0]
    np.testing.assert_allclose(made[:, 0], [0, 9.75, 19.5], rtol=1e-6)
    np.testing.assert_allclose(made[:, -1], [19.5, 29.25, 39], rtol=1e-6)
    np.testing.assert_allclose(crop(RAMP[:1], np.array([0.3]), np.ones(1)), RAMP[:1], atol=1e-5)


# time_warp


def test_time_warp_keeps_constants_and_ends() -> None:
    assert np.array_equal(changed("time_warp", ONES), ONES)
    X = np.random.default_rng(0).normal(size=(N, STEPS, 3)).astype(np.float32)
    made = changed("time_warp", X, sigma=0.8)
    assert np.array_equal(made[:, [0, -1]], X[:, [0, -1]])
    assert made.min() >= X.min()
    assert made.max() <= X.max()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.floats(0.01, 1), st.integers(2, 9))
def test_time_never_runs_backwards_and_alike_in_all_channels(steps: int, sigma: float, knots: int) -> None:
    ramp = RAMP[:20, :steps]
    made = changed("time_warp", ramp, sigma=sigma, knots=knots)
    assert (np.diff(made, axis=1) >= 0).all()
    assert (made == made[:, :, :1]).all()
    assert np.array_equal(made[:, [0, -1]], ramp[:, [0, -1]])


def test_sigma_of_time_warp_is_that_of_the_logarithm_of_speed() -> None:
    made = changed("time_warp", RAMP, sigma=0.2)[:, :, 0]
    speed = np.log(
        np.diff(made[:, :2], axis=1) / np.diff(made[:, -2:], axis=1)
    )  # of the ends, which are knots
    assert speed.std() == pytest.approx(0.2 * np.sqrt(2), rel=0.15)
    assert np.abs(made - RAMP[:, :, 0]).max() > 1


# magnitudes


def test_curves_pass_through_their_knots_and_are_smooth() -> None:
    curves = smooth_curves(KEYS, 41, 2, 5)
    knots = curves[:, ::10]
    assert knots.mean() == pytest.approx(0, abs=0.06)
    assert knots.std() == pytest.approx(1, abs=0.06)
    bends = np.diff(curves, n=2, axis=1)
    assert bends.std() < 0.1  # noise of the same deviation has 2.4
    assert np.abs(np.diff(bends, axis=1)).max() < 0.1, "no kinks, at knots neither"
    assert abs(np.corrcoef(curves[:, 0, 0], curves[:, 0, 1])[0, 1]) < 0.15


def test_magnitude_warp_multiplies_by_a_curve_of_each_channel() -> None:
    X = np.random.default_rng(0).normal(size=(N, STEPS, 3)).astype(np.float32)
    curve = changed("magnitude_warp", ONES, sigma=0.1)
    np.testing.assert_allclose(changed("magnitude_warp", X, sigma=0.1), X * curve, rtol=1e-5)
    assert curve[:, 0].std() == pytest.approx(0.1, rel=0.1)
    assert curve.mean() == pytest.approx(1, abs=0.01)
    assert (curve[:, :, 0] != curve[:, :, 1]).any(axis=1).all()


def test_scale_is_one_factor_a_channel_or_a_window() -> None:
    each = changed("scale", ONES, sigma=0.1)
    assert (each == each[:, :1]).all()
    assert each.std() == pytest.approx(0.1, rel=0.1)
    assert (each[:, 0, 0] != each[:, 0, 1]).all()
    window = changed("scale", RAMP, each="window")
    ratio = window[:, 1:] / RAMP[:, 1:]
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1, :1], ratio.shape), rtol=1e-5)
    assert len(np.unique(ratio[:, 0, 0])) > N / 2


# crop_resize


def test_crops_keep_their_smallest_share_and_reach_everywhere() -> None:
    made = changed("crop_resize", RAMP, min_share=0.5)[:, :, 0]
    shares = (made[:, -1] - made[:, 0]) / (STEPS - 1)
    assert shares.min() >= 0.5 - 1e-6
    assert shares.max() <= 1 + 1e-6
    assert shares.mean() == pytest.approx(0.75, abs=0.03)
    assert made[:, 0].min() < 0.5
    assert made[:, -1].max() > STEPS - 1.5
    np.testing.assert_allclose(np.diff(made, n=2, axis=1), 0, atol=1e-4)  # evenly resized
    assert np.array_equal(changed("crop_resize", ONES), ONES)
