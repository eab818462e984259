"""Test-time augmentation of windows: rolled, with noise, in parts (of pictures too)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.augment.resample import crop
from holdfast.keys import normals, seed_of
from holdfast.predict.base import TestTime
from holdfast.predict.image_views import framed
from holdfast.recipe.registry import component


def even_shifts(steps: int, times: int, reach: float) -> list[int]:
    """Up to `times` different shifts, evenly spaced both ways within `reach` of half the window, without 0.

    >>> even_shifts(100, 4, 1.0)
    [20, 40, 60, 80]
    >>> even_shifts(100, 4, 0.5)
    [10, 20, 80, 90]
    """
    whole = np.arange(1, times + 1) / (times + 1)
    either_way = np.where(whole <= 0.5, whole, whole - 1)
    shifts = np.rint(either_way * reach * steps).astype(int) % steps
    return sorted({int(shift) for shift in shifts} - {0})


@component("roll")
class RollViews(TestTime):
    """Roll each window in time by evenly spaced shifts, the end coming round to the start."""

    times: int = Field(8, ge=1, description="copies; fewer where a window has not that many different shifts")
    reach: float = Field(
        1.0, gt=0, le=1, description="largest shift either way, as a share of half the window"
    )

    def views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        for shift in even_shifts(batch.shape[1], self.times, self.reach):
            yield np.roll(batch, shift, axis=1)


@component("jitter")
class JitterViews(TestTime):
    """Add normal noise, scaled by the window's own deviation in each channel; the same noise for every sample."""

    times: int = Field(4, ge=1, description="copies, each with noise of its own")
    std: float = Field(0.03, gt=0, description="as a share of the window's standard deviation in the channel")

    def views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        reach = self.std * batch.std(axis=1, keepdims=True)
        for view in range(self.times):
            key = np.array([seed_of("tta", "jitter", view)], dtype=np.uint64)
            yield batch + normals(key, batch.shape[1:]) * reach


# where crops of pictures lie, from 0 (top, left) to 1 (bottom, right): opposite corners follow each other
PLACES = ((0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0))


@component("crops")
class CropViews(TestTime):
    """Cut parts out of each sample, each resized to the full length or size.

    Of a window they lie evenly; of a picture they are the middle and the four corners (Krizhevsky et al. 2012).
    """

    takes: ClassVar[frozenset[str]] = frozenset({"windows", "images"})

    times: int = Field(
        5,
        ge=1,
        description="crops, from the window's start to its end; one alone lies in the middle; of pictures five at most",
    )
    share: float = Field(
        0.9,
        gt=0,
        lt=1,
        description="length of a crop, as a share of the window; of a picture its share of each side",
    )

    def views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        if batch.ndim == 4:
            for place in PLACES[: self.times]:
                yield framed(batch, place, self.share)
            return
        for start in np.linspace(0, 1, self.times) if self.times > 1 else [0.5]:
            yield crop(batch, np.full(len(batch), start), np.full(len(batch), self.share))
