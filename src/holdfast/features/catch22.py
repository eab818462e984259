"""The canonical time-series characteristics."""

from __future__ import annotations

import numpy as np

from holdfast.features.base import Features
from holdfast.recipe.registry import component

COUNT = 22
LEAST_STEPS = 12  # aeon's compiled code divides by zero, or reads past the end, on a few steps


@component("catch22")
class Catch22(Features):
    """The 22 canonical characteristics of each channel (Lubba et al. 2019), by aeon; what is undefined is 0.

    Windows of fewer than 12 steps are mirrored up to that length.
    """

    def transform(self, X: np.ndarray) -> np.ndarray:
        from aeon.transformations.collection.feature_based import Catch22 as Transform

        if len(X) == 0:
            return np.zeros((0, COUNT * X.shape[2]), dtype=np.float32)
        series = np.ascontiguousarray(X.transpose(0, 2, 1), dtype=np.float64)
        if (short := LEAST_STEPS - series.shape[2]) > 0:
            series = np.pad(series, ((0, 0), (0, 0), (0, short)), mode="symmetric")
        with np.errstate(over="ignore"):
            made = Transform().fit_transform(series).astype(np.float32)
        return np.nan_to_num(made, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
