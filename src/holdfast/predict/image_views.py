"""Test-time augmentation of pictures: mirrored, nearer and farther."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from holdfast.predict.base import TestTime
from holdfast.prepare.resize import resized
from holdfast.recipe.registry import component

MIDDLE = (0.5, 0.5)


def framed(pictures: np.ndarray, place: tuple[float, float], share: float) -> np.ndarray:
    """A part of each picture `(b, h, w, 3)` uint8, of `share` of each side, resized to the full size.

    `place` in both directions: 0 begins at the edge, 1 ends at the other. A share above 1 sees more than the
    picture, on all sides: there the pixels of its edge repeat.
    """
    shape = pictures.shape[1:3]
    height, width = (max(1, round(share * side)) for side in shape)
    over = [max(0, part - side) for part, side in zip((height, width), shape)]
    wide = np.pad(pictures, [(0, 0), *((more // 2, more - more // 2) for more in over), (0, 0)], mode="edge")
    top, left = (
        round(start * (side - part)) for start, side, part in zip(place, wide.shape[1:], (height, width))
    )
    return resized(wide[:, top : top + height, left : left + width], shape)


@component("flip")
class FlipViews(TestTime):
    """Mirror each picture left to right."""

    takes: ClassVar[frozenset[str]] = frozenset({"images"})

    vertical: bool = Field(False, description="upside down too, and both at once: three copies")

    def views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        yield batch[:, :, ::-1]
        if self.vertical:
            yield batch[:, ::-1]
            yield batch[:, ::-1, ::-1]


@component("scales")
class ScaleViews(TestTime):
    """Show each picture nearer or farther, about its middle; farther, the pixels of its edge repeat around it."""

    takes: ClassVar[frozenset[str]] = frozenset({"images"})

    factors: tuple[Annotated[float, Field(ge=0.25, le=4)], ...] = Field(
        (0.9, 1.1), min_length=1, description="a copy for each: 1.1 shows things a tenth larger, 0.9 smaller"
    )

    def views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        for factor in self.factors:
            yield framed(batch, MIDDLE, 1 / factor)
