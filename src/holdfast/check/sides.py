"""Which pairs of samples a split puts on both sides."""

from __future__ import annotations

import numpy as np

from holdfast.folds.table import Folds


def apart(folds: Folds, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For pairs of rows, whether some fold of some repeat scores one of them and trains on the other.

    A row that a guard leaves out of a fold's training part is on neither side of it.
    """
    found = np.zeros(len(first), dtype=bool)
    for fold, left_out in zip(folds.fold, folds.left_out):
        away = fold[first] != fold[second]
        trains = np.ones(
            (2, len(first)), dtype=bool
        )  # the first where the second is scored, and the other way
        for k, rows in enumerate(left_out):
            if len(rows):
                gone = np.zeros(len(fold), dtype=bool)
                gone[rows] = True
                trains[0] &= ~(gone[first] & (fold[second] == k))
                trains[1] &= ~(gone[second] & (fold[first] == k))
        found |= away & trains.any(axis=0)
    return found
