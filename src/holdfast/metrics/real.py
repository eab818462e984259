"""Scores of predicted values."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from holdfast.metrics.base import Metric
from holdfast.recipe.registry import component


class RealMetric(Metric):
    targets: ClassVar[Literal["classes", "real"]] = "real"
    greater_is_better: ClassVar[bool] = False

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return sums[..., 0] / sums[..., 1]


@component("mae")
class Mae(RealMetric):
    """Mean absolute error."""

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        return np.stack([np.abs(truth - prediction), np.ones(len(truth))], axis=1)


@component("mse")
class Mse(RealMetric):
    """Mean squared error."""

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        return np.stack([(truth - prediction) ** 2, np.ones(len(truth))], axis=1)


@component("rmse")
class Rmse(Mse):
    """Root of the mean squared error."""

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return np.sqrt(super().combine(sums))


@component("r2")
class R2(RealMetric):
    """Share of the variance explained."""

    greater_is_better: ClassVar[bool] = True

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        centred = truth - truth.mean()  # squares of large values would swallow the variance
        return np.stack([(truth - prediction) ** 2, np.ones(len(truth)), centred, centred**2], axis=1)

    def combine(self, sums: np.ndarray) -> np.ndarray:
        error, n, total, squares = (sums[..., i] for i in range(4))
        return 1 - error / np.maximum(squares - total**2 / n, 1e-300)
