"""What leaderboard scores say beside cross-validation (CV): whether a gain is more than noise, and whether both agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.metrics.intervals import LEVEL
from holdfast.store.ledger.submission_file import WITHDRAWN

NEEDED = 6  # scored runs, before an interval of their correlation says anything
AGREE = 0.5  # a rank correlation below this is no agreement to build on
Row = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A submission's leaderboard score less the last one's, and CV's for the same two runs.

    `noise`: half the width of CV's 95 % interval of the difference of the two runs, where `holdfast compare` told it;
    else of the newer run's score alone, which is as a rule wider.
    """

    last: str  # id of the submission before
    leaderboard: float
    cv: float
    noise: float
    paired: bool
    greater_is_better: bool

    @property
    def within_noise(self) -> bool:
        """Whether the leaderboard tells no more than chance would."""
        return abs(self.leaderboard) <= self.noise

    @property
    def parted(self) -> bool:
        """Whether CV and leaderboard go opposite ways, both by more than the noise."""
        return self.leaderboard * self.cv < 0 and min(abs(self.leaderboard), abs(self.cv)) > self.noise


@dataclass(frozen=True)
class Agreement:
    """Spearman's rank correlation of CV and leaderboard over runs, with its 95 % interval; None where runs are too few."""

    runs: int
    value: float | None
    low: float | None
    high: float | None

    @property
    def parted(self) -> bool:
        """Whether it is shown that they do not agree."""
        return self.high is not None and self.high < AGREE


def scored(submissions: Sequence[Row]) -> list[Row]:
    """Those with a public score and a run whose CV score has the metric of the last of them; in the order of time."""
    told = [
        row
        for row in submissions
        if row["state"] != WITHDRAWN and None not in (row["public"], row["value"], row["greater_is_better"])
    ]
    return [row for row in told if row["metric"] == told[-1]["metric"]]


def change_of(key: str, submissions: Sequence[Row], comparisons: Sequence[Row]) -> Change | None:
    """How a submission's score differs from the last one's before it; None where there is none to compare with."""
    there = scored(submissions)
    place = next((i for i, row in enumerate(there) if row["id"] == key), 0)
    if place == 0:
        return None
    last, row = there[place - 1], there[place]
    noise = paired_noise(last, row, comparisons)
    own = (row["high"] - row["low"]) / 2 if None not in (row["high"], row["low"]) else math.inf
    return Change(
        last["id"], row["public"] - last["public"], row["value"] - last["value"],
        own if noise is None else noise, noise is not None, row["greater_is_better"],
    )  # fmt: skip


def paired_noise(one: Row, other: Row, comparisons: Sequence[Row]) -> float | None:
    """Half the width of the paired interval of two submissions' runs; None where they were not compared."""
    pair = {one["path"], other["path"]}
    for told in comparisons:  # the newest first
        same_place = one["place"] == other["place"] == told["place"]
        if same_place and {told["first"], told["other"]} == pair and told["member"] == "ensemble":
            ends = told["low"], told["high"]
            return None if None in ends else (told["high"] - told["low"]) / 2
    return None


def agreement(submissions: Sequence[Row]) -> Agreement:
    """How far CV ranks runs as the leaderboard does: of each run its last scored submission."""
    from scipy.stats import spearmanr

    points = {row["run"]: (row["value"], row["public"]) for row in scored(submissions)}
    cv, board = ([point[i] for point in points.values()] for i in (0, 1))
    if len(points) < NEEDED or len(set(cv)) == 1 or len(set(board)) == 1:
        return Agreement(len(points), None, None, None)
    value = round(float(spearmanr(cv, board).statistic), 12)  # a perfect order is exactly one
    return Agreement(len(points), value, *rank_interval(value, len(points)))


def rank_interval(value: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of Spearman's correlation of n pairs: Fisher's z with the variance of Bonett and Wright (2000).

    A perfect order has no spread of its own; it is taken as if two neighbours had changed places.

    >>> [round(end, 2) for end in rank_interval(0.8, 20)]
    [0.5, 0.93]
    >>> [round(end, 2) for end in rank_interval(1.0, 6)]
    [0.38, 1.0]
    """
    from scipy.stats import norm

    nearest = 1 - 12 / (n * (n * n - 1))
    used = max(-nearest, min(nearest, value))
    half = float(norm.ppf((1 + level) / 2)) * math.sqrt((1 + used**2 / 2) / (n - 3))
    low, high = (math.tanh(math.atanh(used) + side * half) for side in (-1, 1))
    return min(low, value), max(high, value)
