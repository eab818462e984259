"""Optical flow of frames: where it points, what it gives where nothing can be followed, how it is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast import radar
from holdfast.data import flow as flow_module
from holdfast.data.dataset import Dataset
from holdfast.data.flow import extrapolated, flow_of, latest, motion, with_flow_made, with_rain
from holdfast.errors import BadInput
from holdfast.recipe.target import TargetSpec

SIDE = 48
TARGET = TargetSpec(kind="grid", column="rain", shape=(2, SIDE, SIDE), leads=(10.0, 20.0), unit="mm/h")
NAN = np.float32(np.nan)


def moving(down: int, right: int, steps: int = 6, seed: int = 0) -> np.ndarray:
    """Simulated rain `(steps, h, w)`, a texture of showers that moves by whole pixels a step."""
    rng, wide = np.random.default_rng(seed), SIDE + 60
    y, x = np.mgrid[:wide, :wide]
    rain = np.zeros((wide, wide))
    for row, column, size in zip(rng.uniform(0, wide, 40), rng.uniform(0, wide, 40), rng.uniform(4, 20, 40)):
        rain += 6 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / size)
    rain[rain < 0.1] = 0
    corners = [(30 - step * down, 30 - step * right) for step in range(steps)]
    return np.stack([rain[a : a + SIDE, b : b + SIDE] for a, b in corners]).astype(np.float32)


def frames_of(samples: np.ndarray, **more: Any) -> Dataset:
    ids = np.array([f"s{i}" for i in range(len(samples))])
    return Dataset("frames", ids, samples, ("t-3", "t-2", "t-1", "t-0"), fingerprint="f", **more)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path))


# motion and forecast


@pytest.mark.parametrize(("down", "right"), [(2, -1), (0, 3), (-2, 0)])
def test_motion_is_found_down_and_to_the_right(down: int, right: int) -> None:
    y, x = motion(moving(down, right)[:4])
    inner = slice(12, -12)
    np.testing.assert_allclose(y[inner, inner], down, atol=0.3)
    np.testing.assert_allclose(x[inner, inner], right, atol=0.3)


def test_forecasts_are_nearer_to_what_comes_than_the_last_frame_is() -> None:
    rain = moving(2, -1)
    made = flow_of(rain[None, :4], leads=2)[0]
    assert made.dtype == np.float32
    inner = slice(10, -10)
    for lead, truth in enumerate(rain[4:]):
        error, still = (np.abs(said - truth)[inner, inner].mean() for said in (made[lead], rain[3]))
        assert error < still / 4


def test_what_comes_from_outside_is_as_at_the_edge() -> None:
    rain = np.tile(np.arange(1, 7, dtype=np.float32), (5, 1))
    field = np.stack([np.zeros((5, 6)), np.full((5, 6), 2.0)])
    made = extrapolated(rain, field, leads=2)
    assert np.allclose(made[0], [1, 1, 1, 2, 3, 4])
    assert np.allclose(made[1], [1, 1, 1, 1, 1, 2])


# what cannot be followed


def test_dry_samples_and_even_rain_stand_still() -> None:
    dry, even = np.zeros((4, SIDE, SIDE), np.float32), np.full((4, SIDE, SIDE), 3, np.float32)
    made = flow_of(np.stack([dry, even]), leads=1)
    assert np.array_equal(made[:, 1:], np.zeros((2, 2, SIDE, SIDE)))
    assert np.array_equal(made[0, 0], dry[0])
    assert np.array_equal(made[1, 0], even[0])


def test_one_pixel_and_rain_that_ends_give_numbers() -> None:
    lone, ends = np.zeros((4, SIDE, SIDE), np.float32), moving(1, 1)[:4].copy()
    lone[:, 20, 20], ends[3] = 5, 0
    made = flow_of(np.stack([lone, ends]), leads=1)
    assert np.isfinite(made).all()
    np.testing.assert_allclose(made[1, 0], 0)


@pytest.mark.parametrize("shape", [(1, 30, 30), (2, 5, 7), (3, 2, 2), (4, 1, 9), (4, 8, 40)])
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_frames_of_any_number_and_size_give_numbers(shape: tuple[int, ...], gaps: float) -> None:
    rng = np.random.default_rng(0)
    rain = rng.gamma(0.3, 8, (2, *shape)).astype(np.float32)
    made = flow_of(np.where(rng.random(rain.shape) < gaps, NAN, rain), leads=3)
    assert made.shape == (2, 5, *shape[1:])
    assert np.isfinite(made).all()
    assert (made[:, :3] >= 0).all()


def test_gaps_leave_numbers_and_the_motion_beside_them() -> None:
    rain = moving(0, 2)[:4].copy()
    rain[:, :, :12] = NAN
    rain[1, 30:40, 30:40] = NAN
    made = flow_of(np.stack([rain, np.full_like(rain, NAN)]), leads=1)
    assert np.isfinite(made).all()
    assert (made[:, 0] >= 0).all()
    np.testing.assert_allclose(made[0, 2, 15:-12, 20:-12], 2, atol=0.5)
    assert not made[1].any()


def test_frame_that_is_missing_does_not_look_like_twice_the_speed() -> None:
    rain = moving(0, 2)[:4].copy()
    rain[1] = NAN
    assert np.array_equal(with_rain(rain), rain[2:])
    np.testing.assert_allclose(motion(rain)[1, 15:-15, 15:-15], 2, atol=0.4)


def test_latest_measured_value_stands_in_for_a_gap() -> None:
    frames = np.array([[1, NAN, 1, 1], [2, NAN, 2, NAN], [3, NAN, NAN, NAN]], np.float32)[None, :, None]
    kept = frames.copy()
    assert np.array_equal(latest(frames)[0, 0], [3, 0, 2, 1])
    assert np.array_equal(frames, kept, equal_nan=True)


# a whole data set, once


def samples(n: int) -> np.ndarray:
    return np.stack([moving(seed % 3 - 1, 1, seed=seed)[:4] for seed in range(n)])


def test_flow_of_a_data_set_is_made_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_module, "CHUNK", 2)
    data, told = frames_of(samples(5)), []
    one = with_flow_made(data, TARGET, told.append)
    assert [event["done"] for event in told] == [2, 4, 5]
    assert one.flow.shape == (5, 4, SIDE, SIDE)
    assert np.array_equal(one.flow, flow_of(data.source, 2))
    assert one.with_flow().names[4:] == ("flow-1", "flow-2", "flow_y", "flow_x")
    again = with_flow_made(data, TARGET, told.append)
    assert len(told) == 3, "it was made before"
    assert again.flow.filename == one.flow.filename
    assert with_flow_made(again, TARGET) is again


@pytest.mark.slow  # two processes import pysteps
def test_workers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_module, "CHUNK", 2)
    data, told = frames_of(samples(5)), []
    made = with_flow_made(data, TARGET, told.append, workers=2)
    assert np.array_equal(made.flow, flow_of(data.source, 2))
    assert [event["done"] for event in told] == [2, 4, 5]


def test_flow_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_module, "CHUNK", 2)
    data, made, told = frames_of(samples(7)), [], []
    whole = flow_of(data.source, 2)

    def stopped(event: dict[str, Any]) -> None:
        if event["done"] == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with_flow_made(data, TARGET, stopped, workers=1)
    first = flow_module._of_one

    def counted(frames: np.ndarray, leads: int) -> np.ndarray:
        made.append(1)
        return first(frames, leads)

    monkeypatch.setattr(flow_module, "_of_one", counted)
    done = with_flow_made(data, TARGET, told.append, workers=1)
    assert len(made) == 5, "the first chunk was written"
    assert [event["done"] for event in told] == [4, 6, 7]
    assert np.array_equal(done.flow, whole)
    assert [file.suffix for file in tmp_path.iterdir()] == [".npy"]


def test_other_frames_have_another_flow_and_a_part_reads_its_own() -> None:
    data = frames_of(samples(3))
    one = with_flow_made(data, TARGET, workers=1)
    other = with_flow_made(replace(data, source=data.source[::-1].copy()), TARGET, workers=1)
    assert other.flow.filename != one.flow.filename
    part = one.take(np.array([2, 0]))
    assert np.array_equal(part.with_flow().read()[:, 4:], one.flow[[2, 0]])


def test_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name=name.split(".")[0])

    monkeypatch.setattr(radar.importlib, "import_module", missing)
    with pytest.raises(BadInput, match="cv2, which is not installed"):
        with_flow_made(frames_of(samples(1)), TARGET)
    monkeypatch.setattr(radar.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="pysteps, which is not installed"):
        with_flow_made(frames_of(samples(1)), TARGET)
