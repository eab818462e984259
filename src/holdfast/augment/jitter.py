"""Noise on every value."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.keys import normals
from holdfast.recipe.registry import component


@component("jitter")
class Jitter(Augmentation):
    """Add normal noise to each value (Um et al. 2017), scaled by the window's own deviation in each channel."""

    std: float = Field(0.03, gt=0, description="as a share of the window's standard deviation in the channel")

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        noise = normals(keys, batch.shape[1:])
        return batch + noise * (self.std * batch.std(axis=1, keepdims=True)), targets
