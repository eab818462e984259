"""The split inside a training part, for early stopping and for what must learn from held-out rows."""

from __future__ import annotations

import numpy as np

from holdfast.data.joined import unwatched
from holdfast.folds.base import Split
from holdfast.folds.grouped import stratified_group_folds
from holdfast.folds.splitters import strata


def inner_folds(y: np.ndarray, groups: np.ndarray | None, k: int, seed: int) -> Split:
    """k folds of a training part, groups whole; class shares as even as can be.

    Fewer folds where there are fewer units. Returns `[]` where one unit is all there is. What must not be watched,
    as samples with pseudo-labels, is on the learning side of every fold.
    """
    if groups is not None and (beside := unwatched(groups)).any():
        known, always = np.flatnonzero(~beside), np.flatnonzero(beside)
        split = inner_folds(y[known], groups[known], k, seed)
        return [(np.concatenate([known[learn], always]), known[watch]) for learn, watch in split]
    units = np.arange(len(y)) if groups is None else groups
    k = min(k, len(np.unique(units)))
    if k < 2:
        return []
    fold = stratified_group_folds(strata(y, k), units, k, seed)
    split = [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]
    return [(learn, watch) for learn, watch in split if len(learn) and len(watch)]


def inner_split(
    y: np.ndarray, groups: np.ndarray | None, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """One (learn, watch) split with about `share` of the rows watched; None where it cannot be made."""
    folds = inner_folds(y, groups, max(2, round(1 / share)), seed)
    return folds[0] if folds else None
