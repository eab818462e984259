"""What stands apart from the rest: pure functions of numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

FAR = 20.0  # robust z from which on a value may be wild
EMPTY = 4.0  # and between it and the rest nothing, over a factor of so much: heavy tails have no such hole
FEW = 0.1  # share of the samples that may be wild
LONE = 3.0  # times the next largest gap that the gap between two sides must have
NORMAL = 1.4826  # median absolute deviation of normal numbers to their standard deviation


def robust_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and 1.4826 × median absolute deviation of each column of `(v, channels)`; NaN is left out.

    Where more than half of the values are equal, the deviation is that of the others.
    """
    middle, scale = np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    for c, column in enumerate(values.T):
        known = column[~np.isnan(column)].astype(np.float64)
        if known.size:
            middle[c] = np.median(known)
            away = np.abs(known - middle[c])
            away = away if np.median(away) > 0 else away[away > 0]
            scale[c] = NORMAL * np.median(away) if away.size else 0.0
    return middle, scale


def wild(distance: np.ndarray) -> np.ndarray:
    """Which of the robust z `(n,)` are wild: 20 or more, 4 times all that is nearer, and at most a tenth of all.

    A robust z alone alarms on every heavy tail; a tail has no wide hole in it, a faulty value stands beyond one.

    >>> wild(np.array([0.5, 1.0, 2.0, 400.0, 1.5, 0.1, 0.7, 3.0, 2.0, 1.0])).nonzero()[0].tolist()
    [3]
    """
    known = np.nan_to_num(distance, nan=0.0)
    order = np.sort(known)
    least = max(1, int(FEW * len(known)))
    for i in range(max(1, len(order) - least), len(order)):
        if order[i] >= FAR and order[i] >= EMPTY * max(order[i - 1], 1.0):
            return known >= order[i]
    return np.zeros(len(known), dtype=bool)


def lone_side(levels: np.ndarray, least: float) -> np.ndarray:
    """Which of a few levels `(g,)` stand on the smaller side of the one wide gap; none where there is no such gap.

    Wide: at least `least`, and 3 times the next largest gap. NaN stands on no side.

    >>> lone_side(np.array([0.1, 0.0, 2.4, 0.2]), least=1.0).tolist()
    [False, False, True, False]
    >>> lone_side(np.array([0.0, 1.0, 2.0, 3.0]), least=1.0).tolist()
    [False, False, False, False]
    """
    known = np.isfinite(levels)
    order = np.sort(levels[known])
    none = np.zeros(len(levels), dtype=bool)
    if len(order) < 4:
        return none
    gaps = np.array([above - below for below, above in pairwise(order)])
    at = int(gaps.argmax())
    others = np.delete(gaps, at)
    if gaps[at] < least or gaps[at] < LONE * others.max():
        return none
    cut = (order[at] + order[at + 1]) / 2
    upper = known & (levels > cut)
    return upper if upper.sum() <= known.sum() / 2 else known & ~upper


def group_levels(values: np.ndarray, y: np.ndarray | None, groups: np.ndarray) -> np.ndarray:
    """The level of each group in each channel, `(groups, channels)`, of values `(n, channels)`, less its classes' own.

    Each value is taken less the median of its class over the groups' medians, so that a group is not apart for the classes
    that it holds. `y`, `groups`: codes. NaN where a group has no value.
    """
    label = np.zeros(len(values), dtype=np.int64) if y is None else y
    pairs, cell = np.unique(groups * (label.max() + 1) + label, return_inverse=True)
    group, classes = np.divmod(pairs, label.max() + 1)
    cells = medians(values, cell, len(pairs))
    return medians(cells - medians(cells, classes, label.max() + 1)[classes], group, groups.max() + 1)


def medians(values: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """The median of the values `(n, channels)` of each of so many codes, `(count, channels)`, without what is not finite.

    NaN where nothing is left.

    >>> medians(np.array([[1.0], [5.0], [2.0], [np.nan]]), np.array([1, 0, 1, 0]), 3).ravel().tolist()
    [5.0, 1.5, nan]
    """
    known = np.where(np.isfinite(values), values, np.nan)
    sizes = np.bincount(codes, minlength=count)
    starts = np.cumsum(sizes) - sizes
    out = np.full((count, values.shape[1]), np.nan)
    for c, column in enumerate(known.T):
        ordered = column[np.lexsort((column, codes))]  # missing values last
        there = np.bincount(codes[~np.isnan(column)], minlength=count)
        some = np.flatnonzero(there)
        low, high = starts[some] + (there[some] - 1) // 2, starts[some] + there[some] // 2
        out[some, c] = (ordered[low] + ordered[high]) / 2
    return out
