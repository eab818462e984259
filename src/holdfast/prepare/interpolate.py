"""Closing gaps in time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.prepare.base import Preparation
from holdfast.recipe.registry import component


def interpolate_gaps(X: np.ndarray, limit: int | None = None) -> np.ndarray:
    """Linear in time between the neighbours of each gap; ends take the nearest value.

    `X`: `(n, steps, channels)` with NaN for gaps. Gaps of more than `limit` steps stay NaN, and so does a
    channel without any value.

    >>> interpolate_gaps(np.array([[[np.nan], [1.0], [np.nan], [3.0], [np.nan]]])).ravel()
    array([1., 1., 2., 3., 3.])
    """
    gaps = np.isnan(X)
    if not gaps.any():
        return X
    samples, channels = np.nonzero(gaps.any(axis=1))
    series = X[samples, :, channels]  # (gappy series, steps)
    holes = gaps[samples, :, channels]
    steps = series.shape[1]
    place = np.broadcast_to(np.arange(steps), series.shape)
    left = np.maximum.accumulate(np.where(holes, -1, place), axis=1)
    right = np.minimum.accumulate(np.where(holes, steps, place)[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(len(series))[:, None]
    low, high = np.clip(left, 0, None), np.clip(right, None, steps - 1)
    low, high = np.where(left < 0, high, low), np.where(right >= steps, low, high)
    share = (place - low) / np.maximum(high - low, 1)
    filled = series[rows, low] * (1 - share) + series[rows, high] * share
    if limit is not None:
        filled = np.where(holes & (right - left - 1 > limit), np.nan, filled)
    out = X.copy()
    out[samples, :, channels] = np.where(holes, filled, series)
    return out


class _Interpolator:
    """What stays open (gaps beyond the limit, empty channels) gets the channel's mean in the training part."""

    def __init__(self, limit: int | None):
        self.limit = limit
        self.sums: np.ndarray | None = None

    def partial_fit(self, X: np.ndarray) -> _Interpolator:
        there = ~np.isnan(X)
        sums = np.stack([np.where(there, X, 0).sum(axis=(0, 1), dtype=np.float64), there.sum(axis=(0, 1))])
        self.sums = sums if self.sums is None else self.sums + sums
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        assert self.sums is not None
        means = (self.sums[0] / np.maximum(self.sums[1], 1)).astype(X.dtype)
        filled = interpolate_gaps(X, self.limit)
        return np.where(np.isnan(filled), means, filled) if np.isnan(filled).any() else filled


@component("interpolate")
class Interpolate(Preparation):
    """Close gaps by linear interpolation in time; ends take the nearest value. Never drops a row."""

    before_augment: ClassVar[bool] = True
    gaps: ClassVar[str] = "closed"

    limit: int | None = Field(
        None,
        ge=1,
        description="longest gap, in steps, to interpolate; longer ones get the channel's training mean",
    )

    def build(self, names: tuple[str, ...]) -> _Interpolator:
        return _Interpolator(self.limit)
