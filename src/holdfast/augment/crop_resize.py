"""Random crop in time."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.resample import crop
from holdfast.keys import uniforms
from holdfast.recipe.registry import component


@component("crop_resize")
class CropResize(Augmentation):
    """Cut a random part out of each window (window slicing, Le Guennec et al. 2016), resized to the full length."""

    min_share: float = Field(
        0.8,
        gt=0,
        lt=1,
        description="smallest share of the window that a crop keeps; the largest is all of it",
    )

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        starts, length = uniforms(keys, 2).T
        return crop(batch, starts, self.min_share + (1 - self.min_share) * length), targets
