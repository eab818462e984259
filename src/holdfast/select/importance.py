"""Permutation importance of clusters of columns, and how far lists of it agree: pure functions.

Where columns say nearly the same, a model shares its importance out among them by chance, and permuting one
of them alone costs little, since the others still tell. So columns that correlate are permuted together
(Gregorutti, Michel and Saint-Pierre 2015), on rows that the model has not seen, and a place in the list
counts where it holds over runs: folds, or folds and seeds (stability selection, Meinshausen and Bühlmann 2010).

`drops` below: `(runs, clusters)`, higher is more important.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from holdfast.keys import seed_of
from holdfast.metrics.base import Metric

# (copies of X, `(copies, n, features)`; y) → a score of each, of which more is better
ScoreOf = Callable[[np.ndarray, np.ndarray], np.ndarray]
LEVEL = 0.9  # of rank intervals
SHARE = 0.9  # of runs in which a stable cluster is among the first: with five folds, all of them
ROUNDING = 1e-9  # what last bits may make of equal scores, or of the correlation of equal columns
CELLS = 2**22  # numbers asked of a model at once: a forest's call costs more than a few hundred rows


def clusters(X: np.ndarray, threshold: float) -> list[np.ndarray]:
    """Positions of the columns of `X` `(n, features)` in each cluster, the clusters by their first column.

    Average linkage on 1 − |r|, cut where the mean |r| falls below `threshold`. A constant column is a
    cluster of its own; a gap counts as the column's mean.

    >>> x = np.array([0.0, 1.0, 2.0, 4.0])
    >>> clusters(np.stack([x, np.ones(4), -x, [1.0, 0.0, 1.0, 0.0]], axis=1), 0.9)
    [array([0, 2]), array([1]), array([3])]
    """
    there = ~np.isnan(X)
    means = np.where(there, X, 0).sum(axis=0, dtype=np.float64) / np.maximum(there.sum(axis=0), 1)
    filled = np.where(there, X, means)
    varying = np.flatnonzero(filled.max(axis=0) > filled.min(axis=0))
    first = np.arange(X.shape[1])  # the first column of each column's cluster
    if len(varying) > 1:
        from scipy.cluster.hierarchy import fcluster, linkage
        from scipy.spatial.distance import squareform

        with np.errstate(invalid="ignore"):  # a spread too small to divide by
            r = np.nan_to_num(np.abs(np.corrcoef(filled[:, varying], rowvar=False)))
        distance = np.clip(1 - r, 0, 1)
        np.fill_diagonal(distance, 0)
        tree = linkage(squareform(distance, checks=False), "average")
        label = fcluster(tree, 1 - threshold + ROUNDING, "distance")
        _, firsts, of = np.unique(label, return_index=True, return_inverse=True)
        first[varying] = varying[firsts[of]]
    return [np.flatnonzero(first == column) for column in np.unique(first)]


def oriented(metric: Metric, said: Callable[[np.ndarray], np.ndarray]) -> ScoreOf:
    """The metric's score of what a model says of rows, turned where less is better."""
    sign = 1.0 if metric.greater_is_better else -1.0

    def score_of(copies: np.ndarray, y: np.ndarray) -> np.ndarray:
        flat = said(copies.reshape(-1, copies.shape[2]))
        return np.array(
            [sign * metric.score(y, part) for part in flat.reshape(len(copies), len(y), *flat.shape[1:])]
        )

    return score_of


def grouped_permutation(
    score_of: ScoreOf, X: np.ndarray, y: np.ndarray, together: Sequence[np.ndarray], repeats: int, seed: int
) -> np.ndarray:
    """Drop of the score when the columns of a cluster are permuted together, `(clusters, repeats)`.

    Each repeat draws one permutation of the rows, the same for all clusters, so that differences between
    clusters are not of the draw.
    """
    whole = score_of(X[None], y)[0]
    orders = [np.random.default_rng(seed_of(seed, repeat)).permutation(len(X)) for repeat in range(repeats)]
    jobs = [(columns, order) for columns in together for order in orders]
    at_once = max(1, CELLS // max(X.size, 1))
    scores = [
        _scores(score_of, X, y, jobs[start : start + at_once]) for start in range(0, len(jobs), at_once)
    ]
    drops = whole - np.concatenate(scores).reshape(len(together), repeats)
    return np.where(np.abs(drops) <= ROUNDING * max(1.0, abs(whole)), 0.0, drops)


def _scores(
    score_of: ScoreOf, X: np.ndarray, y: np.ndarray, jobs: Sequence[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """The score of a copy of `X` for each (columns, order of rows)."""
    copies = np.repeat(X[None], len(jobs), axis=0)
    for copy, (columns, order) in zip(copies, jobs):
        copy[:, columns] = X[np.ix_(order, columns)]
    return score_of(copies, y)


def by_importance(drops: np.ndarray) -> np.ndarray:
    """Numbers of the clusters, the largest mean drop first."""
    return np.argsort(-drops.mean(axis=0), kind="stable")


def ranks(drops: np.ndarray) -> np.ndarray:
    """Rank of each cluster in each run, 1 for the largest drop; equal drops share their mean rank.

    >>> ranks(np.array([[0.3, 0.0, 0.5, 0.0]]))
    array([[2. , 3.5, 1. , 3.5]])
    """
    from scipy.stats import rankdata

    return rankdata(-drops, axis=1)


def rank_intervals(drops: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """`(2, clusters)`: the lowest and highest rank of the middle `level` of runs.

    Ranks that occurred, never between them: with fewer than 2 / (1 − level) runs, the lowest and highest of all.
    """
    placed, tail = ranks(drops), (1 - level) / 2
    low = np.quantile(placed, tail, axis=0, method="lower")
    return np.stack([low, np.quantile(placed, 1 - tail, axis=0, method="higher")])


def agreement(drops: np.ndarray) -> float:
    """Mean over pairs of runs of Kendall's tau-b (Kendall 1945); NaN where there is no pair with any order.

    >>> round(agreement(np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])), 3)
    -0.333
    """
    from scipy.stats import kendalltau

    taus = [kendalltau(one, other).statistic for one, other in combinations(drops, 2)]
    known = [tau for tau in taus if not np.isnan(tau)]
    return float(np.mean(known)) if known else float("nan")


def above_noise(drops: np.ndarray) -> np.ndarray:
    """Whether a drop is larger than every rise of its run, `(runs, clusters)`.

    What tells nothing moves a held-out score up as far as down, so a run's largest rise shows how far chance
    alone goes (Janitza, Celik and Boulesteix 2018).

    >>> above_noise(np.array([[0.3, 0.02, 0.0, -0.04]]))
    array([[ True, False, False, False]])
    """
    return drops > np.maximum(-drops.min(axis=1, keepdims=True), 0)


def share_in_top(drops: np.ndarray, top: int) -> np.ndarray:
    """Share of runs in which a cluster is among the first `top` and its drop above noise, `(clusters,)`."""
    return ((ranks(drops) <= top) & above_noise(drops)).mean(axis=0)


def stable(drops: np.ndarray, top: int, share: float = SHARE) -> np.ndarray:
    """Clusters among the first `top`, with a drop above noise, in at least `share` of runs; the most important first.

    Without the second condition noise would be stable wherever there are few clusters, or few that tell.
    """
    enough = share_in_top(drops, top) >= share - ROUNDING
    return np.array([c for c in by_importance(drops) if enough[c]], dtype=np.int64)
