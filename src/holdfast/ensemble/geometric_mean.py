"""The geometric mean of members."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from holdfast.ensemble.base import Ensemble
from holdfast.predict.base import mean_of_views
from holdfast.recipe.registry import component


@component("geometric_mean")
class GeometricMean(Ensemble):
    """The mean of members' log probabilities (Genest and Zidek 1986); of values the mean. Learns nothing.

    The plain mean of calibrated members hesitates more than they do; this one does not.
    """

    by_rows: ClassVar[bool] = True

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        return None

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        return mean_of_views(list(predictions), "logits")
