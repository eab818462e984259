"""Magnitude and gravity of known motions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from holdfast.errors import BadInput
from holdfast.prepare.motion import slow_and_rest
from holdfast.recipe.registry import parse

TIME = np.arange(128) / 50  # seconds at 50 Hz
NAMES = ("acc_x", "acc_y", "acc_z", "heart")


def made(entry: object, X: np.ndarray, names: tuple[str, ...] = NAMES) -> np.ndarray:
    """The channels that a preparation adds."""
    out = parse("prepare", entry).build(names).transform(X.astype(np.float32))  # type: ignore[attr-defined]
    assert out.dtype == np.float32
    return out[:, :, X.shape[2] :]


def test_magnitude_of_the_group_that_the_names_show() -> None:
    X = np.array([[[2, 3, 6, 50], [0, -3, 4, 60]]], dtype=float)
    assert made("magnitude", X).tolist() == [[[7], [5]]]


def test_magnitude_of_named_groups() -> None:
    X = np.array([[[2, 3, 6, 0]]], dtype=float)
    entry = {"magnitude": {"axes": [["acc_x", "acc_y", "heart"], [1, 2, 3]]}}
    np.testing.assert_allclose(made(entry, X)[0, 0], [np.sqrt(13), np.sqrt(45)], rtol=1e-6)


def test_magnitude_does_not_depend_on_how_the_sensor_is_turned() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5, 20, 3))
    turned = X @ Rotation.random(5, random_state=1).as_matrix()
    names = NAMES[:3]
    np.testing.assert_allclose(made("magnitude", turned, names), made("magnitude", X, names), rtol=1e-5)


def test_no_group_in_the_names() -> None:
    with pytest.raises(BadInput, match=r"prepare.magnitude.axes: no channel names end"):
        parse("prepare", "magnitude").build(("a", "b"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("phase", [0.0, 1.5707, 3.0, 4.0])
def test_gravity_is_the_constant_and_the_body_the_wave(phase: float) -> None:
    wave = 3 * np.sin(2 * np.pi * 2 * TIME + phase)
    slow, rest = made({"gravity": {"rate": 50}}, (9.81 + wave).reshape(1, -1, 1), ("x",))[0].T
    # 5.12 waves fit the window, whose mean is not quite the constant
    np.testing.assert_allclose(slow, 9.81, atol=0.35)
    np.testing.assert_allclose(rest, wave, atol=0.35)


def test_a_slow_turn_of_the_sensor_is_gravity() -> None:
    long = np.arange(1500) / 50
    turn = 9.81 * np.cos(2 * np.pi * 0.03 * long)
    slow, rest = made({"gravity": {"rate": 50}}, turn.reshape(1, -1, 1), ("x",))[0].T
    np.testing.assert_allclose(slow[100:-100], turn[100:-100], atol=0.05)
    assert np.abs(rest[100:-100]).max() < 0.05


def test_parts_sum_to_the_whole_in_all_channels() -> None:
    X = np.random.default_rng(0).normal(size=(3, 40, 4))
    parts = made({"gravity": {"rate": 20.0, "cutoff": 1.0}}, X)
    assert parts.shape == (3, 40, 8)
    np.testing.assert_allclose(parts[:, :, :4] + parts[:, :, 4:], X, atol=1e-6)


def test_chosen_channels_only() -> None:
    X = np.random.default_rng(0).normal(size=(2, 40, 4))
    assert made({"gravity": {"rate": 20.0, "channels": ["acc_z"]}}, X).shape == (2, 40, 2)


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_windows_shorter_than_the_filter(steps: int) -> None:
    constant = np.full((2, steps, 1), 9.81)
    slow, rest = np.moveaxis(slow_and_rest(constant, 50, 0.3), 2, 0)
    np.testing.assert_allclose(slow, 9.81, rtol=1e-6)
    np.testing.assert_allclose(rest, 0, atol=1e-5)


def test_cutoff_above_half_the_rate() -> None:
    with pytest.raises(ValueError, match=r"cutoff: expected less than half of rate \(0.25\), got 0.3"):
        parse("prepare", {"gravity": {"rate": 0.5}})
