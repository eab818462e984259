"""Overlaps are found by some of the runs where there are too many to compare, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.check import overlap
from holdfast.check.near_windows import windows_alike
from holdfast.check.overlap import shared_stretches
from holdfast.data import scratch
from holdfast.data.dataset import Dataset

STEPS, N = 96, 40


def windows(step: int, coarse: bool = False) -> Dataset:
    """Windows of a recording, `step` apart, and one that is another's copy."""
    rng = np.random.default_rng(7)
    held = rng.normal(size=(N * step + STEPS, 2)).cumsum(axis=0)
    held = rng.integers(0, 2, held.shape) if coarse else held
    made = np.stack([held[i * step : i * step + STEPS] for i in range(N)]).astype(np.float32)
    made[N - 1] = made[3]
    made[5, :40] = 0  # a sensor at rest
    return Dataset("windows", np.arange(N).astype(str), made, ("x", "y"))


@pytest.mark.parametrize("step", [24, 60, STEPS])
def test_some_runs_find_what_all_do(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = windows(step)
    every = set(zip(*(one.tolist() for one in shared_stretches(data))))
    assert ((3, 4) in every) == (step < STEPS)
    assert (3, N - 1) not in every, "a copy is another finding"
    monkeypatch.setattr(overlap, "CODES", N * STEPS // 3)
    monkeypatch.setattr(overlap, "PAIRS", 7)
    assert set(zip(*(one.tolist() for one in shared_stretches(data)))) == every


def test_coarse_values_that_come_again_are_no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    data = windows(STEPS, coarse=True)
    every = shared_stretches(data)
    monkeypatch.setattr(overlap, "CODES", N * STEPS // 3)
    some = shared_stretches(data)
    assert len(every[0]) == len(some[0]) == 0


def test_of_coarse_values_too_some_runs_are_some() -> None:
    data = windows(STEPS, coarse=True)
    every, some = (len(overlap._codes(data, 4, share)[2]) for share in (1, 4))
    assert 0.1 * every < some < 0.5 * every


def test_likeness_is_the_same_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    data, rows = windows(24), np.arange(N)
    near = (rows[:, None] + 1) % N
    held = windows_alike([data])
    monkeypatch.setattr(scratch, "SMALL", 0)
    assert isinstance(scratch.scratch((3, 2), np.dtype(np.float32)), np.memmap)
    mapped = windows_alike([data])
    assert np.array_equal(held.features, mapped.features)
    assert held.measure is not None
    assert mapped.measure is not None
    assert np.array_equal(held.measure(rows, near), mapped.measure(rows, near))
