"""Test-time augmentation of frames: flips and quarter turns, forecasts turned back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
from pydantic import PrivateAttr

from holdfast.augment.square_symmetry import Field, field_in, symmetries_of, turned, turned_back
from holdfast.predict.base import TestTime
from holdfast.recipe.registry import component


@component("square_symmetry")
class SquareSymmetryViews(TestTime):
    """Flip and turn each sample in the seven other ways that a square allows, and turn the forecasts back.

    Frames that are no squares have three: two flips and the half turn. The field of motion's vectors turn with
    the picture.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"frames"})

    _field: Field | None = PrivateAttr(None)

    def for_channels(self, names: tuple[str, ...]) -> Self:
        known = self.model_copy()
        known._field = field_in(names)
        return known

    def views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        for symmetry in symmetries_of(*batch.shape[-2:])[1:]:
            yield turned(batch, symmetry, self._field)

    def undo(self, view: int, said: np.ndarray) -> np.ndarray:
        return turned_back(said, symmetries_of(*said.shape[-2:])[1 + view])
