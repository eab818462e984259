"""Circular shift in time."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.keys import uniforms
from holdfast.recipe.registry import component


def roll(batch: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Each window `(b, steps, channels)` moved on by its own number of steps, the end coming round to the start.

    >>> roll(np.arange(4.0).reshape(1, 4, 1), np.array([1])).ravel()
    array([3., 0., 1., 2.])
    """
    steps = batch.shape[1]
    out = np.empty_like(batch)
    for window, rolled, shift in zip(batch, out, shifts % steps):
        rolled[shift:] = window[: steps - shift]
        rolled[:shift] = window[steps - shift :]
    return out


@component("roll")
class Roll(Augmentation):
    """Roll each window in time by a random number of steps, drawn for each sample in each epoch."""

    p: float = Field(1.0, gt=0, le=1, description="share of samples that are rolled")
    reach: float = Field(
        1.0, gt=0, le=1, description="largest shift either way, as a share of half the window"
    )

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        chance, place = uniforms(keys, 2).T
        half = self.reach * batch.shape[1] / 2
        shifts = np.where(chance < self.p, np.floor((2 * place - 1) * half), 0).astype(np.int64)
        return roll(batch, shifts), targets
