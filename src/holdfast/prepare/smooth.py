"""Averages along time."""

from __future__ import annotations

from functools import partial

import numpy as np
from pydantic import Field

from holdfast.prepare.beside import Beside, OfChannels
from holdfast.recipe.registry import component


def moving_average(X: np.ndarray, window: int) -> np.ndarray:
    """Mean of the `window` steps around each, `(n, steps, channels)`; beyond the ends, the end value is repeated.

    Missing values do not count; where all of a window is missing, so is its mean.

    >>> moving_average(np.array([[[3.0], [6.0], [np.nan], [12.0]]]), 3).ravel().round(6)
    array([ 4. ,  4.5,  9. , 12. ])
    """
    from scipy.ndimage import uniform_filter1d

    average = partial(uniform_filter1d, size=window, axis=1, mode="nearest")
    there = ~np.isnan(X)
    if there.all():
        return average(X)
    # the filter keeps a running sum, so that one missing value would spoil all after it
    total, share = average(np.where(there, X, 0)), average(there.astype(np.float64))
    empty = share < 0.5 / window
    return np.where(empty, np.nan, total / np.where(empty, 1, share))


@component("moving_average")
class MovingAverage(OfChannels):
    """Add the centred moving average of each channel; missing values do not count."""

    window: int = Field(5, ge=2, description="steps that each average spans")

    def build(self, names: tuple[str, ...]) -> Beside:
        return Beside(partial(moving_average, window=self.window), self.places(names))
