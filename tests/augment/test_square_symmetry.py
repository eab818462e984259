"""Symmetries of frames: by hand, as a group, and with the field of motion that moves the rain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.augment.square_symmetry import SYMMETRIES, Symmetry, turned, turned_back
from holdfast.data.flow import extrapolated
from holdfast.keys import item_keys
from holdfast.recipe.registry import parse

NAMES = ("t-1", "t-0", "flow-1", "flow_y", "flow_x")
RNG = np.random.default_rng(0)
FRAMES = RNG.random((3, 5, 6, 6)).astype(np.float32)
KEYS = item_keys(5, np.arange(400))
QUARTER = Symmetry(True, True, False)  # counter-clockwise, as np.rot90


def known(kind: str = "augment", names: tuple[str, ...] = NAMES) -> Any:
    return parse(kind, "square_symmetry").for_channels(names)  # type: ignore[attr-defined]


def test_picture_and_field_turned_by_hand() -> None:
    # an arrow down (y 2) in the upper left corner, another to the right (x 3) in the lower right one
    y, x, rain = np.zeros((3, 2, 2))
    y[0, 0], x[1, 1], rain[0] = 2, 3, (7, 8)
    sample = np.stack([rain, y, x])[None]

    quarter = turned(sample, QUARTER, (1, 2))[0]
    assert quarter[0].tolist() == [[8, 0], [7, 0]]
    assert quarter[1].tolist() == [[0, -3], [0, 0]], "what went right goes up"
    assert quarter[2].tolist() == [[0, 0], [2, 0]], "what went down goes right"

    mirrored = turned(sample, Symmetry(False, False, True), (1, 2))[0]
    assert mirrored[0].tolist() == [[8, 7], [0, 0]]
    assert mirrored[1].tolist() == [[0, 2], [0, 0]], "down stays down"
    assert mirrored[2].tolist() == [[0, 0], [-3, 0]]

    half = turned(sample, Symmetry(False, True, True), (1, 2))[0]
    assert half[0].tolist() == [[0, 0], [8, 7]]
    assert half[1].tolist() == [[0, 0], [0, -2]]
    assert half[2].tolist() == [[-3, 0], [0, 0]]


def test_they_are_the_eight_symmetries_of_the_square() -> None:
    picture = np.arange(9.0).reshape(1, 1, 3, 3)
    made = {turned(picture, symmetry).tobytes() for symmetry in SYMMETRIES}
    by_numpy = {
        np.rot90(flipped, turns, axes=(2, 3)).tobytes()
        for flipped in (picture, picture[..., ::-1])
        for turns in range(4)
    }
    assert len(made) == 8
    assert made == by_numpy
    assert np.array_equal(turned(picture, QUARTER), np.rot90(picture, axes=(2, 3)))


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_turned_back_is_as_it_was(symmetry: Symmetry) -> None:
    assert np.array_equal(turned_back(turned(FRAMES, symmetry), symmetry), FRAMES)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_moving_what_was_turned_is_turning_what_was_moved(symmetry: Symmetry) -> None:
    """The field turns as it must, or else rain would be carried elsewhere."""
    side = 24
    rows, columns = np.mgrid[:side, :side] / side
    rain = RNG.gamma(0.5, 4, (side, side))
    field = np.stack([2 + np.sin(4 * columns), -1.5 + rows * columns])  # simulated, no symmetry in it
    moved = extrapolated(rain, field, leads=3)[None]
    sample = turned(np.concatenate([rain[None], field])[None], symmetry, (1, 2))[0]
    again = extrapolated(sample[0], sample[1:], leads=3)[None]
    np.testing.assert_allclose(again, turned(moved, symmetry), rtol=1e-5, atol=1e-9)
    if symmetry != SYMMETRIES[0]:
        plain = turned(np.concatenate([rain[None], field])[None], symmetry)[
            0
        ]  # the vectors left as they were
        wrong = extrapolated(plain[0], plain[1:], leads=3)[None]
        assert np.abs(wrong - turned(moved, symmetry)).mean() > 0.1


# the augmentation


def test_all_eight_are_drawn_evenly_and_grids_turn_with_their_frames() -> None:
    batch = np.tile(FRAMES[:1], (len(KEYS), 1, 1, 1))
    frames, grids = known().apply(batch, batch[:, 1:2], KEYS)
    counts = []
    for symmetry in SYMMETRIES:
        want = turned(FRAMES[:1], symmetry, (3, 4))[0]
        rows = (frames == want).all(axis=(1, 2, 3))
        counts.append(rows.sum())
        assert np.array_equal(grids[rows, 0], frames[rows, 1])
    assert sum(counts) == len(KEYS)
    assert min(counts) > 30
    assert max(counts) < 75


def test_frames_that_are_no_squares_are_flipped_and_half_turned() -> None:
    batch = np.tile(FRAMES[:1, :, :4], (40, 1, 1, 1))
    frames, grids = known().apply(batch, batch[:, :1], KEYS[:40])
    assert frames.shape == batch.shape
    ways = [turned(batch[:1], symmetry, (3, 4))[0] for symmetry in SYMMETRIES[:4]]
    found = [(frames == way).all(axis=(1, 2, 3)).sum() for way in ways]
    assert sum(found) == 40
    assert min(found) > 0
    assert np.array_equal(grids[:, 0], frames[:, 0])


def test_gaps_turn_too_and_frames_without_a_field_are_pictures_alone() -> None:
    batch = FRAMES[:, :2].copy()
    batch[:, :, 0, 1] = np.nan
    frames, grids = known(names=("t-1", "t-0")).apply(batch, batch[:, 1:], KEYS[:3])
    assert np.isnan(frames).sum() == np.isnan(batch).sum()
    assert np.array_equal(frames[:, 1:], grids, equal_nan=True)
    assert np.array_equal(np.sort(np.abs(frames), axis=None), np.sort(batch, axis=None), equal_nan=True)
