"""Smooth change of magnitude over time."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.curves import smooth_curves
from holdfast.recipe.registry import component


@component("magnitude_warp")
class MagnitudeWarp(Augmentation):
    """Multiply each channel by a smooth random curve around 1 (Um et al. 2017), a cubic spline through normal values."""

    sigma: float = Field(
        0.2, gt=0, le=1, description="standard deviation of the curve around 1; 0.2 as in the paper"
    )
    knots: int = Field(6, ge=2, description="random points of the curve, both ends counted")

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        _, steps, channels = batch.shape
        return batch * (1 + self.sigma * smooth_curves(keys, steps, channels, self.knots)), targets
