"""The mean of members' ranks."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from holdfast.ensemble.base import Ensemble
from holdfast.predict.base import FLOOR
from holdfast.recipe.registry import component

Curve = tuple[np.ndarray, np.ndarray]


@component("rank_mean")
class RankMean(Ensemble):
    """The mean of ranks: members on different scales count alike (quantile normalization, Bolstad et al. 2003).

    Each member's value, of each class its probability, becomes the share of out-of-fold rows that are below. The
    mean of the members' ranks is taken back to a value by the mean of their quantiles, so that rare classes stay
    rare; rows of probabilities are brought to sum one. Values outside those seen take the rank of the nearest.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"classes", "real"})

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> list[list[Curve]]:
        """Of each member and column, its values and their ranks."""
        return [[_curve(column) for column in _columns(one).T] for one in predictions]

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        tables = [_columns(one) for one in predictions]
        made = np.empty_like(tables[0])
        for c in range(made.shape[1]):
            curves = [member[c] for member in learned]
            rank = np.mean([np.interp(table[:, c], *curve) for table, curve in zip(tables, curves)], axis=0)
            made[:, c] = np.mean([np.interp(rank, ranks, values) for values, ranks in curves], axis=0)
        if predictions.ndim == 2:
            return made[:, 0]
        made = np.maximum(made, FLOOR)
        return made / made.sum(axis=1, keepdims=True)


def _columns(one: np.ndarray) -> np.ndarray:
    return one.reshape(len(one), -1).astype(np.float64)


def _curve(column: np.ndarray) -> Curve:
    """Values in their order, and the rank of each between 0 and 1; equal values share their middle one.

    >>> [part.tolist() for part in _curve(np.array([3.0, 1.0, 3.0, 7.0]))]
    [[1.0, 3.0, 7.0], [0.125, 0.5, 0.875]]
    """
    values, counts = np.unique(column, return_counts=True)
    return values, (np.cumsum(counts) - counts / 2) / len(column)
