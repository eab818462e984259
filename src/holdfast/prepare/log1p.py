"""Rain on numpy's log1p."""

from __future__ import annotations

import numpy as np

from holdfast.prepare.rain_scale import RainScale
from holdfast.recipe.registry import component


@component("log1p")
class Log1p(RainScale):
    """Rain as log(1 + rain in mm/h), milder than `log_rain`: below 1 mm/h it is nearly the rain itself."""

    def scaled(self, rain: np.ndarray) -> np.ndarray:
        return np.asarray(np.log1p(rain))

    def rates(self, scaled: np.ndarray) -> np.ndarray:
        return np.asarray(np.expm1(scaled))
