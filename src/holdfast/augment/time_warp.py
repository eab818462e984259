"""Smooth warp of the time axis."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.curves import smooth_curves
from holdfast.augment.resample import resample
from holdfast.recipe.registry import component


@component("time_warp")
class TimeWarp(Augmentation):
    """Let time pass faster and slower along a smooth random curve (Um et al. 2017), alike in all channels.

    The speed is the exponential of a cubic spline through normal values, so time never runs backwards; the
    ends of the window stay where they are.
    """

    sigma: float = Field(
        0.2, gt=0, le=1, description="deviation of the logarithm of the speed; 0.2 as in the paper"
    )
    knots: int = Field(6, ge=2, description="random points of the curve, both ends counted")

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        b, steps, _ = batch.shape
        speed = np.exp(self.sigma * smooth_curves(keys, steps, 1, self.knots)[:, :, 0])
        passed = np.cumsum((speed[:, 1:] + speed[:, :-1]) / 2, axis=1, dtype=np.float64)
        places = np.zeros((b, steps))
        places[:, 1:] = passed * ((steps - 1) / passed[:, -1:])
        places[:, -1] = steps - 1  # in spite of rounding
        return resample(batch, places), targets
