"""One random factor."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.keys import normals
from holdfast.recipe.registry import component


@component("scale")
class Scale(Augmentation):
    """Multiply each channel, or the whole window, by one random factor around 1 (Um et al. 2017)."""

    sigma: float = Field(
        0.1, gt=0, le=1, description="standard deviation of the factor around 1; 0.1 as in the paper"
    )
    each: Literal["channel", "window"] = Field(
        "channel", description="what gets a factor of its own; window keeps the ratios between channels"
    )

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        factors = normals(keys, (1, batch.shape[2] if self.each == "channel" else 1))
        return batch * (1 + self.sigma * factors), targets
