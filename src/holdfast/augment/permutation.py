"""Segments in another order."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.resample import pick
from holdfast.keys import uniforms
from holdfast.recipe.registry import component


@component("permutation")
class Permutation(Augmentation):
    """Cut each window into segments at random places and put them in random order (Um et al. 2017).

    No segment is shorter than half, or longer than one and a half times, an even share of the window.
    """

    segments: int = Field(4, ge=2, description="segments a window; 4 as in the paper")

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        steps = batch.shape[1]
        drawn = uniforms(keys, 2 * self.segments - 1)
        ranks = drawn[:, : self.segments].argsort(axis=1)  # where each segment goes
        even = np.arange(1, self.segments)
        cuts = (even + (drawn[:, self.segments :] - 0.5) / 2) * (steps / self.segments)
        segment = (np.arange(steps)[None, :, None] >= cuts[:, None, :]).sum(axis=2)  # (b, steps)
        goes = np.take_along_axis(ranks, segment, axis=1)
        return pick(batch, np.argsort(goes, axis=1, kind="stable")), targets
