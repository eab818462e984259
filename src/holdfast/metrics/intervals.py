"""Intervals of scores: a bootstrap over the units that are independent of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from holdfast.metrics.base import Metric

RESAMPLES = 2000
RESAMPLES_DIRECT = 200  # for scores that are no function of sums, each costs a whole evaluation
LEVEL = 0.95
COUNTS = 1 << 24  # drawn at once: 128 MB
KEPT = 1 << 22  # of so few units draws are kept, 32 MB, for the next score of the same


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


@dataclass(frozen=True)
class Change:
    """How far a score lies from another of the same rows, first less second, and in percent of the second."""

    value: float
    low: float
    high: float
    percent: float
    percent_low: float
    percent_high: float
    how: str
    units: int

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Units:
    """What is drawn: the unit of each row, how many there are, and what they are."""

    codes: np.ndarray
    count: int
    what: str

    def sums(self, parts: np.ndarray) -> np.ndarray:
        """Of what each row adds, `(n, d)`, what each unit adds, `(units, d)`."""
        sums = np.zeros((self.count, parts.shape[1]))
        np.add.at(sums, self.codes, parts)
        return sums


def units_of(n: int, groups: np.ndarray | None) -> Units:
    """Groups, or samples where no groups are known."""
    if groups is None:
        return Units(np.arange(n), n, "samples (no groups are known)")
    codes = np.unique(groups, return_inverse=True)[1]
    return Units(codes, int(codes.max()) + 1, "groups")


def score_with_interval(
    metric: Metric, truth: np.ndarray, predictions: list[np.ndarray], groups: np.ndarray | None, seed: int = 0
) -> Score:
    """The mean over repeats of the pooled score, with a bootstrap over groups (expanded percentiles, see `tail`).

    `predictions`: one array a repeat, rows as in `truth`. Where no groups are known samples are drawn, and
    `how` says so. Where every row is right or every one wrong, no resample differs: Wilson's interval
    (Wilson 1927), over as many trials as there are units.
    """
    units = units_of(len(truth), groups)
    parts = [metric.parts(truth, prediction) for prediction in predictions]
    there = [part for part in parts if part is not None]
    if len(there) == len(parts):
        return score_of_parts(metric, there, units, seed)
    value = float(np.mean([metric.score(truth, prediction) for prediction in predictions]))
    if metric.of_right_rows and value in (0.0, 1.0):
        return _by_wilson(value, units)
    draws = _direct(metric, truth, predictions, units.codes, units.count, np.random.default_rng(seed))
    return score_of_draws(value, draws, units)


def score_of_parts(metric: Metric, parts: Sequence[np.ndarray], units: Units, seed: int = 0) -> Score:
    """The same of what each row adds, `(n, d)` a repeat."""
    value = float(mean_score(metric, [part.sum(axis=0) for part in parts]))
    if metric.of_right_rows and value in (0.0, 1.0):
        return _by_wilson(value, units)
    return score_of_draws(value, mean_score(metric, resampled(parts, units, seed)), units)


def resampled(parts: Sequence[np.ndarray], units: Units, seed: int) -> list[np.ndarray]:
    """Of each array `(n, d)` the sums of all resamples of the units, `(RESAMPLES, d)`; all get the same resamples."""
    sums = np.concatenate([units.sums(part) for part in parts], axis=1)
    drawn = np.concatenate([counts @ sums for counts in _draws(units.count, seed)])
    return np.split(drawn, np.cumsum([part.shape[1] for part in parts])[:-1], axis=1)


def _draws(count: int, seed: int) -> Iterable[np.ndarray]:
    """How often each resample holds each of `count` units, `(resamples, count)`, so many at once as memory allows."""
    return (_all_draws if count * RESAMPLES <= KEPT else _blocks)(count, seed)


@lru_cache(maxsize=2)
def _all_draws(count: int, seed: int) -> list[np.ndarray]:
    return list(_blocks(count, seed))


def _blocks(count: int, seed: int) -> Iterator[np.ndarray]:
    rng, block = np.random.default_rng(seed), max(1, COUNTS // count)
    for start in range(0, RESAMPLES, block):
        size = min(block, RESAMPLES - start)
        yield rng.multinomial(count, np.full(count, 1 / count), size=size).astype(float)


def change_of_draws(
    value: float, other: float, draws: np.ndarray, others: np.ndarray, units: Units
) -> Change:
    """How far a score lies from another one, from both and from both in the same resamples, `(RESAMPLES,)`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = 100 * np.divide(value - other, abs(other))
        low, high = ends(draws - others, units.count)
        percent_low, percent_high = ends(100 * (draws - others) / np.abs(others), units.count)
    how = f"paired bootstrap over {units.what}"
    return Change(value - other, low, high, float(percent), percent_low, percent_high, how, units.count)


def mean_score(metric: Metric, sums: Sequence[np.ndarray]) -> np.ndarray:
    """The mean over repeats of the scores `(…)` of sums `(…, d)`, one array a repeat."""
    return np.asarray(np.mean([metric.combine(one) for one in sums], axis=0))


def score_of_draws(value: float, draws: np.ndarray, units: Units) -> Score:
    """A score and its interval from its values in the resamples, `(RESAMPLES,)`."""
    return Score(value, *ends(draws, units.count), f"bootstrap over {units.what}", units.count)


def _by_wilson(value: float, units: Units) -> Score:
    return Score(value, *wilson(value, units.count), f"Wilson, over {units.what}", units.count)


def tail(units: int, level: float = LEVEL) -> float:
    """The share of resamples beyond each end of the expanded percentile interval (Hesterberg 2015).

    The plain percentile interval is too narrow where units are few: a resample's variance lacks the factor
    `n / (n - 1)`, and its quantiles stand for those of a normal where Student's t is due. The expanded one takes the
    resamples' quantiles further out by both, and stays within what the score can be.

    >>> round(tail(8), 4), round(tail(30), 4), round(tail(10_000), 4)
    (0.0057, 0.0188, 0.025)
    """
    from scipy.stats import norm, t

    if units < 2:
        return (1 - level) / 2
    return float(norm.sf(np.sqrt(units / (units - 1)) * t.ppf((1 + level) / 2, units - 1)))


def ends(draws: np.ndarray, units: int) -> tuple[float, float]:
    """Ends of the expanded percentile interval; resamples without a number are left out."""
    if np.isnan(draws).all():
        return float("nan"), float("nan")
    at = [tail(units), 1 - tail(units)]
    if np.isinf(draws).any():  # nothing lies between two infinite ones
        low, high = np.nanquantile(draws, at, method="inverted_cdf")
    else:
        low, high = np.nanquantile(draws, at)
    return float(low), float(high)


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
