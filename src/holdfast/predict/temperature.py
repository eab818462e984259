"""Temperature scaling."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.predict.base import FLOOR, Postprocess
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

REACH = (-3.0, 3.0)  # of the logarithm of the temperature


@component("temperature")
class Temperature(Postprocess):
    """One number that sharpens or softens all probabilities (Guo et al. 2017): p^(1/T), T by least log loss."""

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        from scipy.optimize import minimize_scalar
        from scipy.special import logsumexp

        logs = np.log(np.maximum(predictions, FLOOR))
        rows = np.arange(len(truth))

        def loss(log_temperature: float) -> float:
            scaled = logs / np.exp(log_temperature)
            return float((logsumexp(scaled, axis=1) - scaled[rows, truth]).mean())

        return float(np.exp(minimize_scalar(loss, bounds=REACH, method="bounded").x))

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        from scipy.special import softmax

        logs = np.log(np.maximum(predictions, FLOOR)) / learned
        return np.asarray(softmax(logs, axis=1), dtype=predictions.dtype)
