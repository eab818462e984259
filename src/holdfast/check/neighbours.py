"""Nearest neighbours from elsewhere, and which of them are nearer than chance allows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

NEIGHBOURS = 10
ROWS = 512  # queries at once
CHANCE = 0.01  # of a pair found in data without copies
NEAREST = 0.5  # a copy is at least twice as near as ordinary neighbours, whatever the dimension
CLOUD = 0.25  # quantile over samples, so that the emptier parts of a cloud are not judged by the fuller ones


def nearest(
    views: Sequence[np.ndarray],
    base: np.ndarray,
    own: np.ndarray,
    theirs: np.ndarray,
    k: int = NEIGHBOURS,
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of `base` `(m, d)` to each query, and their distances, nearest first: two of `(n, k)`.

    `views`: the queries `(n, d)`, and what they would be if they were flipped, which leaves their length; the nearest
    view counts. A query
    never meets what has its own code: `own` `(n,)`, `theirs` `(m,)`. Where fewer than k are left, distances are inf.
    """
    k = min(k, len(base))
    small = base.astype(np.float32)  # finds them; what is found is measured in double precision
    squares, doubled = (small**2).sum(axis=1), -2 * small.T
    own, theirs = own.astype(np.int32), theirs.astype(np.int32)
    distance, index = np.empty((len(own), k)), np.empty((len(own), k), dtype=np.int64)
    for start in range(0, len(own), ROWS):
        rows = slice(start, start + ROWS)
        there = reduce(np.minimum, (view[rows].astype(np.float32, copy=False) @ doubled for view in views))
        there += squares
        np.copyto(there, np.inf, where=own[rows, None] == theirs[None])
        near = np.argpartition(there, k - 1, axis=1)[:, :k]
        exact = np.min([((view[rows][:, None] - base[near]) ** 2).sum(axis=2) for view in views], axis=0)
        exact[np.isinf(np.take_along_axis(there, near, axis=1))] = np.inf
        distance[rows], index[rows] = np.sqrt(exact), near
    return in_order(distance, index)


def in_order(distance: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row by distance."""
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(distance, order, axis=1), np.take_along_axis(index, order, axis=1)


def dimension(distance: np.ndarray) -> float:
    """Dimension of the cloud around samples, from the distances `(n, k)` to their neighbours, nearest first.

    Levina and Bickel 2004, for each sample, without its nearest neighbour, which may be a copy; of these the lower
    quartile.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(distance[:, -1:] / distance[:, 1:-1])
    usable = np.isfinite(logs).all(axis=1) & (logs.sum(axis=1) > 0)
    if not usable.any():
        return 1.0
    within = distance.shape[1] - 1
    expected = (
        within - (1 / np.arange(1, within + 1)).sum()
    )  # of the sum of d times the logs without the largest
    return float(np.quantile(expected / logs[usable].sum(axis=1), CLOUD))


def unusual(distance: np.ndarray) -> np.ndarray:
    """Which neighbours `(n, k)`, nearest first, are too near to be there by chance.

    Around a sample, neighbours of a smooth cloud of dimension d are spread so that a share x ** d of those within
    the farthest one's distance lie within x times it. A neighbour is a copy where x is so small that none such
    is to be expected among all samples. In a cloud of few dimensions only what is all but equal is; there
    nothing else can be told from chance.
    """
    n, k = distance.shape
    if k < 4:
        return np.zeros(distance.shape, dtype=bool)
    limit = min((CHANCE / (n * (k - 1))) ** (1 / dimension(distance)), NEAREST)
    farthest = distance[:, -1:]
    found = (distance <= limit * farthest) & np.isfinite(farthest) & (farthest > 0)
    return np.asarray(found)
