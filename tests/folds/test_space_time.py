"""Blocks of time and space: no overlap, guards kept, rain even, sequences cut only where that is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.folds.near import near
from holdfast.folds.table import Folds, assert_no_overlap, describe, make_folds, save_folds
from holdfast.recipe.registry import parse
from holdfast.testing.samples import GRID

H, W = 4, 6  # of a crop
SPAN = 50.0  # minutes: five frames, ten minutes apart


def frames(n: int, sequences: int = 2, days: float = 2, area: int = 30, seed: int = 0) -> Dataset:
    """Simulated windows at random times and places of some sequences; only where they lie matters."""
    rng = np.random.default_rng(seed)
    return Dataset(
        "frames",
        ids=np.array([f"s{i}" for i in range(n)]),
        source=np.zeros((n, 4, H, W), dtype=np.float32),
        names=("t-3", "t-2", "t-1", "t-0"),
        target=rng.gamma(0.5, size=n),
        groups=rng.integers(sequences, size=n).astype(str),
        order=2e7 + 10.0 * rng.integers(days * 144, size=n),
        place=rng.integers(area, size=(n, 2)).astype(float),
        span=SPAN,
    )


def folds_of(data: Dataset, **fields: Any) -> Folds:
    splitter: Any = parse("folds", {"kind": "space_time", **fields})
    return make_folds(splitter, data, GRID, Path())


def gaps(data: Dataset, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of all pairs: whether of one sequence, minutes between their frames, pixels between their crops (y, x)."""
    assert data.groups is not None
    assert data.order is not None
    assert data.place is not None
    time = np.abs(data.order[one][:, None] - data.order[other]) - data.span
    space = np.abs(data.place[one][:, None] - data.place[other])
    return data.groups[one][:, None] == data.groups[other], time, space[..., 0] - H, space[..., 1] - W


def close(
    data: Dataset, one: np.ndarray, other: np.ndarray, minutes: float, pixels: float | None
) -> np.ndarray:
    """Of all pairs, whether the guards forbid them; without `pixels` wherever they lie."""
    same, time, y, x = gaps(data, one, other)
    return same & (time < minutes) & (pixels is None or (y < pixels) & (x < pixels))


def overlapping(data: Dataset, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    same, *between = gaps(data, one, other)
    return same & np.all([gap < 0 for gap in between], axis=0)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 60),
    seed=st.integers(0, 10**6),
    guard=st.sampled_from([0.0, 10.0, 35.0, 200.0]),
    pixels=st.sampled_from([None, 0.0, 3.0, 10.0]),
    grouped=st.booleans(),
)
def test_near_is_what_all_pairs_say(
    n: int, seed: int, guard: float, pixels: float | None, grouped: bool
) -> None:
    data = frames(n, days=0.5, area=20, seed=seed)
    one, other = np.arange(n // 2), np.arange(n // 2, n)
    if not grouped:
        data = replace(data, groups=np.zeros(n))
    wanted = close(data, one, other, guard, pixels).any(axis=1)
    assert np.array_equal(
        near(data if grouped else replace(data, groups=None), one, other, guard, pixels), wanted
    )


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(40, 150),
    sequences=st.integers(1, 4),
    k=st.integers(2, 5),
    minutes=st.sampled_from([120.0, 180.0, 500.0]),
    size=st.sampled_from([None, 10, 16]),
    guards=st.tuples(st.sampled_from([0.0, 20.0, 60.0]), st.integers(0, 5)),
    seed=st.integers(0, 10**6),
)
def test_neighbours_are_never_on_both_sides(
    n: int, sequences: int, k: int, minutes: float, size: int | None, guards: tuple[float, int], seed: int
) -> None:
    data = frames(n, sequences, seed=seed)
    fields = {"minutes": minutes, "size": size, "guard_minutes": guards[0], "guard_pixels": guards[1]}
    try:
        folds = folds_of(data, k=k, seed=seed, repeats=2, **fields)
    except BadInput:  # too few blocks, or nothing left beyond the guards
        reject()
    for repeat in range(2):
        scored = []
        for fold in range(folds.k):
            train, valid = folds.part(repeat, fold)
            assert not overlapping(data, train, valid).any()
            pixels = None if size is None else guards[1]
            assert not close(data, train, valid, guards[0], pixels).any()
            out = folds.left_out[repeat][fold]  # too near, every one
            assert close(data, out, valid, guards[0], pixels).any(axis=1).all()
            scored.append(valid)
        assert np.array_equal(np.sort(np.concatenate(scored)), np.arange(n))


@pytest.mark.parametrize("size", [None, 15])
def test_a_block_is_never_torn_and_all_blocks_are_cut_alike(size: int | None) -> None:
    data = frames(1500, seed=1)
    splitter: Any = parse("folds", {"kind": "space_time", "minutes": 240, "size": size, "guard_minutes": 0})
    block = splitter.blocks(data)
    assert data.order is not None
    assert data.groups is not None
    assert data.place is not None
    for number in range(block.max() + 1):
        rows = np.flatnonzero(block == number)
        assert len(set(data.groups[rows])) == 1
        assert np.ptp(data.order[rows]) < 240
        if size is not None:
            assert (np.ptp(data.place[rows], axis=0) < size).all()
    assert block.max() + 1 == (2 * 12 if size is None else 2 * 12 * 4)
    fold = folds_of(data, minutes=240, size=size, guard_minutes=0, k=3).fold[0]
    assert all(len(set(fold[block == number])) == 1 for number in range(block.max() + 1))


def test_rain_is_even_over_folds_and_seeds_draw_anew() -> None:
    data = frames(600, sequences=1, days=10, seed=2)
    assert data.target is not None
    folds = folds_of(data, minutes=120, k=4, repeats=2)
    means = [data.target[folds.part(0, k)[1]].mean() for k in range(4)]
    assert max(means) / min(means) < 1.6
    assert not np.array_equal(folds.fold[0], folds.fold[1])
    assert np.array_equal(folds.fold[1], folds_of(data, minutes=120, k=4, seed=1).fold[0])


def test_a_planted_neighbour_is_found() -> None:
    data = frames(4)
    here = np.array([[0.0, 0.0], [3.0, 5.0], [4.0, 0.0], [0.0, 0.0]])
    data = replace(data, groups=np.array(["a"] * 4), order=np.array([0.0, 40.0, 40.0, 50.0]), place=here)
    clean = [(np.array([0]), np.array([2, 3])), (np.array([2, 3]), np.array([0]))]
    assert_no_overlap(clean, data)  # 2 begins where 0 ends in space, 3 where it ends in time
    with pytest.raises(BadInput, match="1 windows of fold 0 overlap windows of its training part"):
        assert_no_overlap([(np.array([0]), np.array([1, 2, 3]))], data)
    with pytest.raises(BadInput, match="kind: space_time"):  # nobody knows that they lie beside one another
        assert_no_overlap(clean, replace(data, place=None))
    assert_no_overlap(clean, replace(data, place=None, groups=np.array(["a", "b", "b", "b"])))


def test_splits_that_ignore_time_are_refused_for_windows_that_overlap() -> None:
    data = replace(frames(200), groups=None)
    splitter: Any = parse("folds", {"kind": "stratified", "k": 3})
    with pytest.raises(BadInput, match="overlap windows of its training part; cut the sequence"):
        make_folds(splitter, data, GRID, Path())


def test_folds_of_a_run_are_read_again_with_their_guards(tmp_path: Path) -> None:
    data = frames(300, sequences=1, days=4)
    made = folds_of(data, minutes=180, k=3, repeats=2)
    assert sum(len(rows) for rows in made.left_out[0])
    save_folds(made, data, tmp_path)
    splitter: Any = parse("folds", {"kind": "space_time", "minutes": 180, "k": 3})
    again = make_folds(splitter, data, GRID, Path(), drawn=tmp_path / "folds.csv")
    assert again.hash == made.hash
    shared: Any = parse("folds", {"kind": "file", "path": "folds.csv"})
    with pytest.raises(BadInput, match="is on both sides"):  # a file says nothing of cutting sequences
        make_folds(shared, data, GRID, tmp_path)


def test_what_cannot_be_is_said() -> None:
    data = frames(100, sequences=1, days=1)
    with pytest.raises(BadInput, match=r"data\.order"):
        folds_of(replace(data, order=None))
    with pytest.raises(BadInput, match=r"folds\.size: where the crops lie is not known"):
        folds_of(replace(data, place=None), size=10)
    with pytest.raises(BadInput, match="5 folds from 4 blocks of 360 minutes; take shorter blocks"):
        folds_of(data)
    with pytest.raises(BadInput, match="every training sample is within 900 minutes"):
        folds_of(data, minutes=180, k=2, guard_minutes=900)


def test_what_the_guards_cost_is_said() -> None:
    data = frames(300, sequences=1, days=4)
    with_guard, without = folds_of(data, minutes=480, k=3), folds_of(data, minutes=480, k=3, guard_minutes=0)
    said, less = describe(with_guard, data, GRID)[1], describe(without, data, GRID)[1]
    assert len(said) == len(less) == 1
    assert "% of the training samples are left out" in said[0]
    assert float(said[0].split()[1].rstrip("%")) > float(less[0].split()[1].rstrip("%")) > 0
