"""Rain on a logarithm that is straight near zero."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.prepare.rain_scale import RainScale
from holdfast.recipe.registry import component


@component("log_rain")
class LogRain(RainScale):
    """Rain as log(1 + rain / threshold): 0 is 0, 0.1 mm/h 0.7, 1 mm/h 2.4, 10 mm/h 4.6.

    Above the threshold it is the logarithm of decibels, the usual scale of rain, which spans rates of a thousandfold;
    below, a straight line to 0. pysteps' decibels (Pulkkinen et al. 2019) jump at the threshold instead, and have no
    way back for what a network says between.
    """

    threshold: float = Field(
        0.1, gt=0, description="mm/h at which the line turns into the logarithm; the least rain that matters"
    )

    def scaled(self, rain: np.ndarray) -> np.ndarray:
        out = rain / np.float32(self.threshold)
        return np.asarray(np.log1p(out, out=out))

    def rates(self, scaled: np.ndarray) -> np.ndarray:
        out = np.expm1(scaled)
        out *= np.float32(self.threshold)
        return np.asarray(out)
