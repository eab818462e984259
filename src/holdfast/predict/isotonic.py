"""Isotonic calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.predict.base import Postprocess
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("isotonic")
class Isotonic(Postprocess):
    """A rising curve a class from what was said to how often it was so (Zadrozny and Elkan 2002), rows scaled to one.

    Each class against the rest. It bends more than temperature and wants more rows (a thousand, as a rule).
    """

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        """Corners `(said, right)` of each class's curve."""
        from sklearn.isotonic import IsotonicRegression

        # as if one more row had been right and one wrong: no class becomes impossible
        little = 1 / (len(truth) + 2)
        curves = []
        for code in range(predictions.shape[1]):
            fitted = IsotonicRegression().fit(predictions[:, code].astype(np.float64), truth == code)
            curves.append((fitted.X_thresholds_, little + (1 - 2 * little) * fitted.y_thresholds_))
        return curves

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        columns = [np.interp(predictions[:, code], said, right) for code, (said, right) in enumerate(learned)]
        made = np.stack(columns, axis=1)
        return (made / made.sum(axis=1, keepdims=True)).astype(predictions.dtype)
