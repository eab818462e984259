"""The Kalman smoother on simulated walks."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.prepare.kalman import smoothed
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data

NOISE = 3.0  # deviation of the measurements; the walk's steps have deviation 1


def simulated_walk(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """30 simulated random walks of 80 steps, and measurements of them."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=(30, 80)), axis=1)
    return walk, walk + NOISE * rng.normal(size=walk.shape)


def error(made: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(((made - truth) ** 2).mean()))


def test_reduces_the_noise_of_a_walk() -> None:
    walk, measured = simulated_walk()
    made = smoothed(measured, "local_level", NOISE**2)
    # what theory gives far from the ends: variance one step ahead, of the filter, of the smoother
    ahead = (1 + np.sqrt(1 + 4 * NOISE**2)) / 2
    now = ahead - 1
    assert error(made, walk) == pytest.approx(np.sqrt(ahead * now / (ahead + now)), rel=0.1)
    assert error(made, walk) < 0.5 * error(measured, walk)


def test_fills_a_gap_between_its_neighbours() -> None:
    series = np.array([[1.0, 1, 1, 1, np.nan, np.nan, np.nan, 5, 5, 5, 5]])
    made = smoothed(series, "local_level", 0.01)[0]
    np.testing.assert_allclose(made[4:7], [2, 3, 4], atol=0.05)
    np.testing.assert_allclose(made[[0, 1, 9, 10]], [1, 1, 5, 5], atol=0.01)
    assert (np.diff(made) > -1e-5).all(), "no overshoot"


def test_constant_velocity_follows_a_slope_through_gap_and_end() -> None:
    line = 2.0 * np.arange(20) + 7
    series = np.where((np.arange(20) % 7 > 4) | (np.arange(20) > 16), np.nan, line)
    np.testing.assert_allclose(smoothed(series[None], "constant_velocity", 1.0)[0], line, atol=1e-3)
    flat = smoothed(series[None], "local_level", 1.0)[0]
    np.testing.assert_allclose(flat[-3:], flat[-4], rtol=1e-6, err_msg="a level stays past the end")


@pytest.mark.parametrize("model", ["local_level", "constant_velocity"])
def test_unit_and_offset_of_the_data_do_not_matter(model: str) -> None:
    _, measured = simulated_walk(1)
    measured[:, 10:14] = np.nan
    made = smoothed(measured, model, 2.0)
    np.testing.assert_allclose(smoothed(measured * 1e3 + 1e5, model, 2.0), made * 1e3 + 1e5, rtol=1e-6)


def test_more_noise_smooths_more() -> None:
    _, measured = simulated_walk(2)
    rough = [np.abs(np.diff(smoothed(measured, "local_level", noise))).mean() for noise in (0.1, 1.0, 10.0)]
    assert rough == sorted(rough, reverse=True)


def test_empty_series_gets_the_training_mean_and_added_channels_stay() -> None:
    source = tiny_data().source.copy()
    source[0, :, 1] = np.nan
    steps = [parse("prepare", step) for step in ("gap_mask", "kalman")]
    data = tiny_data()
    train = type(data)("windows", data.ids, source, data.names)
    pipeline = Pipeline(steps, "windows", data.names).fit(train)  # type: ignore[arg-type]
    out = pipeline.transform(source)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[0, :, 1], np.nanmean(source[:, :, 1]), rtol=1e-4)
    assert out[0, :, 3].all()
    assert not out[1:, :, 3].any()


def test_stands_in_place_of_interpolate() -> None:
    data = tiny_data()
    source = data.source.copy()
    source[:, 4:7] = np.nan
    steps = [parse("prepare", step) for step in ("kalman", "derivative", "standardize")]
    train = type(data)("windows", data.ids, source, data.names)
    pipeline = Pipeline(steps, "windows", data.names).fit(train)  # type: ignore[arg-type]
    assert pipeline.n_before == 1
    assert np.isfinite(pipeline.transform(source)).all()
