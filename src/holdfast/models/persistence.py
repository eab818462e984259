"""The forecast that nothing changes."""

from __future__ import annotations

import numpy as np

from holdfast.data.flow import latest
from holdfast.models.base import Forecast
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("persistence")
class Persistence(Forecast):
    """The last frame, for every lead time: what any forecast must beat.

    A pixel that was not measured then is as it was last measured, else without rain.
    """

    def forecast(self, X: np.ndarray, names: tuple[str, ...], target: TargetSpec) -> np.ndarray:
        return np.repeat(latest(X)[:, None], target.outputs, axis=1)
