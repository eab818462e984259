"""Flips and quarter turns of frames, the field of their motion turned with them."""

from __future__ import annotations

from itertools import product
from typing import ClassVar, NamedTuple, Self

import numpy as np
from pydantic import PrivateAttr

from holdfast.augment.base import Augmentation
from holdfast.data.dataset import FLOW_FIELD
from holdfast.keys import uniforms
from holdfast.recipe.registry import component

Field = tuple[int, int]  # the channels of a field of motion, y and x


class Symmetry(NamedTuple):
    """Rows and columns changed for each other, then upside down, then left to right."""

    transposed: bool
    up_down: bool
    left_right: bool


# the eight of a square, the identity first; the first four keep height and width
SYMMETRIES = [Symmetry(*bits) for bits in product((False, True), repeat=3)]


def symmetries_of(height: int, width: int) -> list[Symmetry]:
    """Those that keep a picture's size: all eight of a square, else the flips and the half turn."""
    return SYMMETRIES if height == width else SYMMETRIES[:4]


def turned(frames: np.ndarray, by: Symmetry, field: Field | None = None) -> np.ndarray:
    """Frames `(b, channels, h, w)` after a symmetry, a new array; the vectors of `field` turn with the picture.

    >>> east = np.ones((1, 2, 1, 2)) * [[[0]], [[1]]]  # y 0, x 1: to the right
    >>> turned(east, Symmetry(True, False, False), (0, 1))[0, :, 0, 0]  # now down
    array([1., 0.])
    """
    out = frames.swapaxes(-1, -2) if by.transposed else frames
    out = out[..., ::-1, :] if by.up_down else out
    out = np.array(out[..., ::-1] if by.left_right else out, order="C")
    if field is not None:
        y, x = field
        if by.transposed:
            out[:, [y, x]] = out[:, [x, y]]
        if by.up_down:
            out[:, y] *= -1
        if by.left_right:
            out[:, x] *= -1
    return out


def turned_back(frames: np.ndarray, by: Symmetry) -> np.ndarray:
    """Rain `(b, channels, h, w)` before the symmetry."""
    out = frames[..., ::-1] if by.left_right else frames
    out = out[..., ::-1, :] if by.up_down else out
    return np.array(out.swapaxes(-1, -2) if by.transposed else out, order="C")


def field_in(names: tuple[str, ...]) -> Field | None:
    """Where a field of motion stands among the channels."""
    y, x = FLOW_FIELD
    return (names.index(y), names.index(x)) if y in names else None


@component("square_symmetry")
class SquareSymmetry(Augmentation):
    """Turn each sample by one of the eight flips and quarter turns of a square, drawn evenly; targets turn alike.

    As albumentations' SquareSymmetry (Buslaev et al. 2020); the field of motion's vectors turn with the picture.
    Frames that are no squares are flipped or turned by a half.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"frames"})

    _field: Field | None = PrivateAttr(None)

    def for_channels(self, names: tuple[str, ...]) -> Self:
        known = self.model_copy()
        known._field = field_in(names)
        return known

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        some = symmetries_of(*batch.shape[-2:])
        drawn = (uniforms(keys, 1)[:, 0] * len(some)).astype(int)
        frames, grids = np.empty_like(batch), np.empty_like(targets)
        for number in np.unique(drawn):
            rows = drawn == number
            frames[rows] = turned(batch[rows], some[number], self._field)
            grids[rows] = turned(targets[rows], some[number])
        return frames, grids
