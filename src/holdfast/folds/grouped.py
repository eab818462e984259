"""Folds of whole groups with even class shares."""

from __future__ import annotations

import numpy as np

DRAWS = 20  # assignments tried; the most even one is kept
GROUPS_IN_ALL = 20_000  # over all draws, so that many groups stay quick


def stratified_group_folds(y: np.ndarray, groups: np.ndarray, k: int, seed: int) -> np.ndarray:
    """The fold of each row: groups whole, each class's share as even over folds as whole groups allow.

    Greedy as scikit-learn's StratifiedGroupKFold, and by its measure, the deviation of class shares over
    folds. Not that class itself: its shuffle decides between equal groups only, so that on real groups
    every seed gives the same folds, and a repetition would repeat nothing. Here the order of the groups is
    drawn, and of several draws the most even one is kept.
    """
    group = np.unique(groups, return_inverse=True)[1]
    label = np.unique(y, return_inverse=True)[1]
    counts = np.zeros((group.max() + 1, label.max() + 1))
    np.add.at(counts, (group, label), 1)
    rng = np.random.default_rng(seed)
    draws = max(1, min(DRAWS, GROUPS_IN_ALL // len(counts)))
    made = [_draw(counts, k, rng) for _ in range(draws)]
    return min(made, key=lambda one: one[0])[1][group]


def _draw(counts: np.ndarray, k: int, rng: np.random.Generator) -> tuple[float, np.ndarray]:
    """How uneven one assignment is, and the fold of each group. `counts`: rows of each class in each group."""
    shares = counts / counts.sum(axis=0)
    # large and uneven groups first, since later ones can make up for them, but not in one order always
    order = np.argsort(
        -counts.std(axis=1) * rng.uniform(0.5, 1, len(counts)) - 1e-9 * rng.random(len(counts))
    )
    held, sizes = np.zeros((k, counts.shape[1])), np.zeros(k)
    fold = np.empty(len(counts), dtype=np.int64)
    places = np.eye(k)[:, :, None]
    for g in order:
        uneven = (held + places * shares[g]).std(axis=1).mean(axis=1)
        fold[g] = np.lexsort((rng.random(k), sizes, uneven.round(12)))[0]
        held[fold[g]] += shares[g]
        sizes[fold[g]] += counts[g].sum()
    absent = np.count_nonzero(held == 0) + counts.shape[1] * np.count_nonzero(sizes == 0)
    return absent + float(held.std(axis=0).mean()), fold
