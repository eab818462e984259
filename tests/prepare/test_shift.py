"""Lags and differences by hand."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.errors import BadInput
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data

NAMES = ("x", "y")
X = np.array([[[1, 10], [2, 20], [4, 40], [8, 80]]], dtype=np.float32)


def made(entry: object, names: tuple[str, ...] = NAMES) -> np.ndarray:
    """The channels that a preparation adds to `X`."""
    out = parse("prepare", entry).build(names).transform(X)  # type: ignore[attr-defined]
    assert np.array_equal(out[:, :, :2], X), "what was there stays, and stands first"
    return out[0, :, 2:].T


def test_lag_repeats_the_first_value() -> None:
    assert made("lag").tolist() == [[1, 1, 2, 4], [10, 10, 20, 40]]


def test_lags_of_several_steps_of_one_channel() -> None:
    assert made({"lag": {"steps": [1, 3], "channels": ["y"]}}).tolist() == [
        [10, 10, 20, 40],
        [10, 10, 10, 10],
    ]


def test_delta_is_the_change_since_then() -> None:
    assert made({"delta": {"steps": [2], "channels": [0]}}).tolist() == [[0, 1, 3, 6]]


def test_steps_beyond_the_window() -> None:
    assert made({"lag": {"steps": [9]}}).tolist() == [[1, 1, 1, 1], [10, 10, 10, 10]]
    assert made({"delta": {"steps": [9]}})[0].tolist() == [0, 1, 3, 7]


def test_own_channels_are_read_and_not_those_added_before() -> None:
    data = tiny_data()
    pipeline = Pipeline([parse("prepare", step) for step in ("lag", "delta")], "windows", data.names)  # type: ignore[misc]
    assert pipeline.transform(data.read()).shape == (36, 16, 9)


def test_faults() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        parse("prepare", {"lag": {"steps": [0]}})
    with pytest.raises(ValueError, match="at least 1 item"):
        parse("prepare", {"delta": {"steps": []}})
    with pytest.raises(BadInput, match=r"prepare.lag.channels: no channel is named 'z'"):
        made({"lag": {"channels": ["z"]}})
