"""How alike rows of a table are."""

from __future__ import annotations

import numpy as np

from holdfast.check.likeness import Likeness
from holdfast.data.dataset import Dataset


def rows_alike(parts: list[Dataset]) -> Likeness:
    """Features brought to one scale; a missing value stands at the feature's mean."""
    X = np.concatenate([part.read() for part in parts]).astype(np.float64)
    X = X[:, ~np.isnan(X).all(axis=0)]
    spread = np.nanstd(X, axis=0)
    X, spread = X[:, spread > 0], spread[spread > 0]
    if X.shape[1] == 0:
        return Likeness(np.zeros((len(X), 1)))
    return Likeness(np.nan_to_num((X - np.nanmean(X, axis=0)) / spread))
