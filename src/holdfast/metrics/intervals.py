"""Intervals of scores: a bootstrap over the units that are independent of each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from holdfast.metrics.base import Metric

RESAMPLES = 2000
RESAMPLES_DIRECT = 200  # for scores that are no function of sums, each costs a whole evaluation
LEVEL = 0.95


@dataclass(frozen=True)
class Score:
    """A score with its 95 % interval, how that was made, and over how many units."""

    value: float
    low: float
    high: float
    how: str
    units: int

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def score_with_interval(
    metric: Metric, truth: np.ndarray, predictions: list[np.ndarray], groups: np.ndarray | None, seed: int = 0
) -> Score:
    """The mean over repeats of the pooled score, with a percentile bootstrap over groups.

    `predictions`: one array a repeat, rows as in `truth`. Where no groups are known samples are drawn, and
    `how` says so. Where every row is right or every one wrong, no resample differs: Wilson's interval
    (Wilson 1927), over as many trials as there are units.
    """
    value = float(np.mean([metric.score(truth, prediction) for prediction in predictions]))
    codes = np.arange(len(truth)) if groups is None else np.unique(groups, return_inverse=True)[1]
    units = int(codes.max()) + 1
    over = "samples (no groups are known)" if groups is None else "groups"
    if metric.of_right_rows and value in (0.0, 1.0):
        low, high = wilson(value, units)
        return Score(value, low, high, f"Wilson, over {over}", units)
    rng = np.random.default_rng(seed)
    parts = [metric.parts(truth, prediction) for prediction in predictions]
    if any(part is None for part in parts):
        draws = _direct(metric, truth, predictions, codes, units, rng)
    else:
        counts = rng.multinomial(units, np.full(units, 1 / units), size=RESAMPLES).astype(np.float64)
        draws = np.mean([metric.combine(counts @ _sums(part, codes, units)) for part in parts], axis=0)
    low, high = np.nanquantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Score(value, float(low), float(high), f"bootstrap over {over}", units)


def _sums(parts: np.ndarray | None, codes: np.ndarray, units: int) -> np.ndarray:
    assert parts is not None
    sums = np.zeros((units, parts.shape[1]))
    np.add.at(sums, codes, parts)
    return sums


def _direct(
    metric: Metric,
    truth: np.ndarray,
    predictions: list[np.ndarray],
    codes: np.ndarray,
    units: int,
    rng: np.random.Generator,
) -> np.ndarray:
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(codes, minlength=units))[:-1])
    draws = []
    for _ in range(RESAMPLES_DIRECT):
        drawn = np.concatenate([rows[unit] for unit in rng.integers(units, size=units)])
        draws.append(np.mean([metric.score(truth[drawn], prediction[drawn]) for prediction in predictions]))
    return np.array(draws)


def wilson(share: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a share of n trials.

    >>> [round(end, 3) for end in wilson(1.0, 10)]
    [0.722, 1.0]
    """
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (
        float(np.round(end, 12)) for end in (middle - half, middle + half)
    )  # exactly 0 and 1 at the ends
    return max(0.0, low), min(1.0, high)
