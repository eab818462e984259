"""A highest rain."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.prepare.rain_scale import RainScale
from holdfast.recipe.registry import component


@component("clip")
class ClipRain(RainScale):
    """Take rain above a highest rate for that rate, in the frames and in what is learned: hail, echoes of the ground.

    Stands first, where rain is in mm/h. Scores see the truth as it is.
    """

    high: float = Field(150.0, gt=0, description="highest rate in mm/h")

    def scaled(self, rain: np.ndarray) -> np.ndarray:
        return np.asarray(np.minimum(rain, np.float32(self.high)))

    def rates(self, scaled: np.ndarray) -> np.ndarray:
        return scaled
