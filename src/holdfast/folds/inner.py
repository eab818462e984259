"""The split inside a training part, for early stopping and for what must learn from held-out rows."""

from __future__ import annotations

import numpy as np

from holdfast.folds.base import Split
from holdfast.folds.splitters import strata


def inner_folds(y: np.ndarray, groups: np.ndarray | None, k: int, seed: int) -> Split:
    """k folds of a training part, groups whole; class shares as even as can be.

    Fewer folds where there are fewer units. Returns `[]` where one unit is all there is.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    units = np.arange(len(y)) if groups is None else groups
    k = min(k, len(np.unique(units)))
    if k < 2:
        return []
    labels = strata(y, k)
    # scikit-learn refuses where every class has fewer rows than folds; then classes fall as they may
    if np.bincount(np.unique(labels, return_inverse=True)[1]).max() < k:
        labels = np.zeros(len(y), dtype=int)
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        split = StratifiedGroupKFold(k, shuffle=True, random_state=seed % 2**32).split(labels, labels, units)
        return [(train, valid) for train, valid in split if len(train) and len(valid)]


def inner_split(
    y: np.ndarray, groups: np.ndarray | None, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """One (learn, watch) split with about `share` of the rows watched; None where it cannot be made."""
    folds = inner_folds(y, groups, max(2, round(1 / share)), seed)
    return folds[0] if folds else None
