"""What ensembles share that learn by a score."""

from __future__ import annotations

from typing import ClassVar, Self, cast

import numpy as np
from pydantic import PrivateAttr

from holdfast.ensemble.base import Ensemble
from holdfast.metrics.base import Metric
from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec


class OfMetric(Ensemble):
    """An ensemble that learns by the recipe's metric."""

    targets: ClassVar[frozenset[str]] = frozenset({"classes", "real"})
    _metric: Metric | None = PrivateAttr(None)

    def for_metric(self, metric: Metric, target: TargetSpec) -> Self:
        known = self.model_copy()
        known._metric = metric
        return known

    def metric_for(self, predictions: np.ndarray) -> Metric:
        """The recipe's; where none was named, log loss of probabilities `(members, n, classes)`, else squared error."""
        return self._metric or cast("Metric", parse("metric", "log_loss" if predictions.ndim == 3 else "mse"))


def gain(metric: Metric, truth: np.ndarray, prediction: np.ndarray) -> float:
    """A score of which more is better; -inf where it is no number, as an area with one class only."""
    score = metric.score(truth, prediction)
    return float("-inf") if np.isnan(score) else score if metric.greater_is_better else -score
