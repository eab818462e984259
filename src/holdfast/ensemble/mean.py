"""The mean of members."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from holdfast.ensemble.base import Ensemble
from holdfast.recipe.registry import component


@component("mean")
class Mean(Ensemble):
    """The mean of members' probabilities or values; learns nothing."""

    by_rows: ClassVar[bool] = True

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        return None

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        return predictions.mean(axis=0)
