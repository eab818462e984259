"""A stretch of time without signal."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.stretch import stretches
from holdfast.keys import uniforms
from holdfast.recipe.registry import component


@component("cutout")
class Cutout(Augmentation):
    """Set a stretch of each window to the window's mean (DeVries and Taylor 2017), in all channels at once."""

    share: float = Field(0.2, gt=0, lt=1, description="length of the stretch, as a share of the window")

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        b, steps, _ = batch.shape
        lengths = np.full(b, max(1, round(self.share * steps)))
        out = stretches(uniforms(keys, 1)[:, 0], lengths, steps)
        return np.where(out[:, :, None], batch.mean(axis=1, keepdims=True), batch), targets
