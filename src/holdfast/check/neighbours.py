"""Nearest neighbours from elsewhere, and which of them are nearer than chance allows."""

from __future__ import annotations

from functools import reduce

import numpy as np

NEIGHBOURS = 10
ROWS = 512  # queries at once, and fewer where they meet very many
PAIRS = 1 << 22
CHANCE = 0.01  # of a pair found in data without copies
NEAREST = 0.5  # a copy is at least twice as near as ordinary neighbours, whatever the dimension
CLOUD = 0.25  # quantile over samples, so that the emptier parts of a cloud are not judged by the fuller ones


def nearest(
    X: np.ndarray,
    rows: np.ndarray,
    own: np.ndarray,
    theirs: np.ndarray,
    flips: np.ndarray,
    k: int = NEIGHBOURS,
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of the first m rows of `X` `(n, d)` to each of `rows` `(q,)`, and their distances: two of `(q, k)`.

    Nearest first. `flips` `(v, d)`: signs of a row's features where its sample is flipped; the nearest view counts. A
    row never meets what has its own code: `own` `(q,)`, `theirs` `(m,)`. Where fewer than k are left, distances are inf.
    """
    m = len(theirs)
    k = min(k, m)
    small = X[:m].astype(np.float32, copy=False)  # finds them; what is found is measured in double precision
    squares = np.einsum("ij,ij->i", small, small)
    own, theirs = own.astype(np.int32), theirs.astype(np.int32)
    distance, index = np.empty((len(rows), k)), np.empty((len(rows), k), dtype=np.int64)
    step = max(1, min(ROWS, PAIRS // m))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        seen = X[rows[part]]
        doubled = (-2 * seen).astype(np.float32, copy=False)
        there = reduce(np.minimum, (doubled * flip.astype(np.float32) @ small.T for flip in flips))
        there += squares
        np.copyto(there, np.inf, where=own[part, None] == theirs[None])
        near = np.argpartition(there, k - 1, axis=1)[:, :k]
        found = X[near].astype(np.float64)
        exact = np.min([((seen[:, None] * flip - found) ** 2).sum(axis=2) for flip in flips], axis=0)
        exact[np.isinf(np.take_along_axis(there, near, axis=1))] = np.inf
        distance[part], index[part] = np.sqrt(exact), near
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
