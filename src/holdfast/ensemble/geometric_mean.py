"""The geometric mean of members."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.ensemble.base import Ensemble
from holdfast.recipe.registry import component

FLOOR = 1e-7  # probability that a logarithm takes for 0


@component("geometric_mean")
class GeometricMean(Ensemble):
    """The mean of members' log probabilities (Genest and Zidek 1986); of values the mean. Learns nothing.

    The plain mean of calibrated members hesitates more than they do; this one does not.
    """

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        return None

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        if predictions.ndim == 2:
            return predictions.mean(axis=0)
        logs = np.log(np.maximum(predictions, FLOOR)).mean(axis=0)
        raised = np.exp(logs - logs.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)
