"""Paired comparisons: two predictions of the same rows under the same folds and repeats."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import LEVEL


@dataclass(frozen=True)
class Paired:
    """The difference of two pooled scores, first less second, with its 95 % interval and two-sided p.

    `per_fold`: the difference in each fold of each repeat, in their order; `ratio`: rows scored over rows trained
    on, in the mean; `error`: the standard error that both give.
    """

    difference: float
    low: float
    high: float
    p: float
    error: float
    ratio: float
    per_fold: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"

    def plain(self) -> dict[str, Any]:
        """Plain values, to keep."""
        return asdict(self)


def paired(
    metric: Metric, truth: np.ndarray, first: np.ndarray, second: np.ndarray, folds: np.ndarray
) -> Paired:
    """Compare two out-of-fold predictions of the same rows, trained on the same folds.

    `truth`: `(n,)`; `first`, `second`: `(repeats, n, …)`, NaN in folds that were not trained; `folds`:
    `(repeats, n)`, the fold that scores each row. Only folds that both have count.

    The difference is that of the pooled scores, the mean over repeats (weighted by their rows, where some are not
    complete). How far it may be from the truth is told by the spread of the folds' differences, by the corrected
    resampled t-test (Nadeau and Bengio 2003; over repeats: Bouckaert and Frank 2004).
    """
    there = _there(first) & _there(second)
    pooled, rows, each, ratios = [], [], [], []
    for r, fold in enumerate(folds):
        used = [k for k in np.unique(fold) if there[r, fold == k].all()]
        if not used:
            continue
        scored = np.isin(fold, used)
        pooled.append(_difference(metric, truth, first[r], second[r], scored))
        rows.append(int(scored.sum()))
        each += [_difference(metric, truth, first[r], second[r], fold == k) for k in used]
        ratios += [float((fold == k).sum() / (fold != k).sum()) for k in used]
    if not pooled:
        raise ValueError("no fold was trained in both")
    ratio, difference = float(np.mean(ratios)), float(np.average(pooled, weights=rows))
    told = np.array(each)
    # where a fold lacks what a metric needs, as two classes for an area, it has no score of its own
    error, freedom = corrected_error(told[~np.isnan(told)], ratio)
    low, high, p = t_interval(difference, error, freedom)
    return Paired(difference, low, high, p, error, ratio, tuple(each))


def corrected_error(differences: np.ndarray, ratio: float) -> tuple[float, int]:
    """Standard error of the mean of folds' differences, and its degrees of freedom (Nadeau and Bengio 2003).

    Training parts overlap, so that folds are not independent: `variance / J` is too small, and does not even
    stay away from zero as repeats are added. Corrected it is `variance × (1 / J + ratio)`, where `ratio` is the
    rows scored over the rows trained on. Fewer than two differences tell nothing: infinity.

    >>> corrected_error(np.array([1.0, 3.0]), 0.5)
    (1.4142135623730951, 1)
    """
    count = len(differences)
    if count < 2:
        return float("inf"), 0
    variance = float(np.var(differences, ddof=1))
    return float(np.sqrt(variance * (1 / count + ratio))), count - 1


def t_interval(
    difference: float, error: float, freedom: int, level: float = LEVEL
) -> tuple[float, float, float]:
    """Ends of the t interval of a difference, and the two-sided p of its being zero.

    >>> [round(value, 3) for value in t_interval(2.0, 1.0, 9)]
    [-0.262, 4.262, 0.077]
    """
    from scipy.stats import t

    if error == 0:
        return difference, difference, float(difference == 0)
    if not np.isfinite(error):
        return float("-inf"), float("inf"), 1.0
    half = float(t.ppf((1 + level) / 2, freedom)) * error
    return difference - half, difference + half, float(2 * t.sf(abs(difference) / error, freedom))


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p of several comparisons: those below a level hold together at that level (Holm 1979).

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _there(prediction: np.ndarray) -> np.ndarray:
    """`(repeats, n)`: which rows have been predicted."""
    repeats, n = prediction.shape[:2]
    return ~np.isnan(prediction.reshape(repeats, n, -1)).any(axis=2)


def _difference(
    metric: Metric, truth: np.ndarray, first: np.ndarray, second: np.ndarray, rows: np.ndarray
) -> float:
    return metric.score(truth[rows], first[rows]) - metric.score(truth[rows], second[rows])
