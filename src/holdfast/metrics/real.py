"""Scores of predicted values, and of predicted grids of values."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.metrics.base import Metric
from holdfast.metrics.pixels import OfPixels
from holdfast.recipe.registry import component


class MeanError(OfPixels):
    """The mean over rows, or over all pixels of all grids, of what an error costs."""

    targets: ClassVar[frozenset[str]] = frozenset({"real", "grid"})
    greater_is_better: ClassVar[bool] = False

    def cost(self, error: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        truth = self.seen(truth)
        error, there = truth - self.seen(prediction), ~np.isnan(truth)
        error[~there] = 0
        return np.stack([self.cost(error).sum(axis=1, dtype=np.float64), there.sum(axis=1)], axis=1)

    def combine(self, sums: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):  # a drawn event may have nothing measured
            return sums[..., 0] / sums[..., 1]


@component("mae")
class Mae(MeanError):
    """Mean absolute error."""

    def cost(self, error: np.ndarray) -> np.ndarray:
        return np.abs(error)


@component("mse")
class Mse(MeanError):
    """Mean squared error."""

    def cost(self, error: np.ndarray) -> np.ndarray:
        return np.square(error)


@component("rmse")
class Rmse(Mse):
    """Root of the mean squared error."""

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return np.sqrt(super().combine(sums))


@component("r2")
class R2(Metric):
    """Share of the variance explained."""

    targets: ClassVar[frozenset[str]] = frozenset({"real"})

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        centred = truth - truth.mean()  # squares of large values would swallow the variance
        return np.stack([(truth - prediction) ** 2, np.ones(len(truth)), centred, centred**2], axis=1)

    def combine(self, sums: np.ndarray) -> np.ndarray:
        error, n, total, squares = (sums[..., i] for i in range(4))
        return 1 - error / np.maximum(squares - total**2 / n, 1e-300)
