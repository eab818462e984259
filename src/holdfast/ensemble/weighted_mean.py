"""The weighted mean of members."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from holdfast.ensemble.of_metric import gain
from holdfast.ensemble.simplex import climbed, error_products, least_log_loss, least_squares
from holdfast.ensemble.weighted import Weighted
from holdfast.metrics.classes import LogLoss
from holdfast.metrics.pixels import OfPixels
from holdfast.metrics.real import R2, Mse
from holdfast.recipe.registry import component


@component("weighted_mean")
class WeightedMean(Weighted):
    """The mean with weights on the simplex (Breiman 1996, stacked regressions) that suit the recipe's metric best.

    Log loss and squared error are minimized; for other metrics a search goes on from there. Weights of grids are
    those of least squared error on the scored pixels, whatever the metric.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"classes", "real", "grid"})
    by_rows: ClassVar[bool] = True

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        metric, members = self.metric_for(predictions), len(predictions)
        if members == 1:
            return np.ones(1)
        if predictions.ndim > 3:
            seen = metric.seen if isinstance(metric, OfPixels) else _flat
            return least_squares(error_products(predictions, truth, seen))
        if predictions.ndim == 3:
            smooth = least_log_loss(predictions, truth)
        else:
            smooth = least_squares(error_products(predictions, truth, _flat))
        if isinstance(metric, LogLoss | Mse | R2):
            return smooth
        starts = [smooth, np.full(members, 1 / members), *np.eye(members)]
        return climbed(lambda weights: gain(metric, truth, self.predict(weights, predictions)), starts)


def _flat(rows: np.ndarray) -> np.ndarray:
    return rows.reshape(len(rows), -1)
