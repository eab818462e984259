"""Stretches of time."""

from __future__ import annotations

import numpy as np


def stretches(place: np.ndarray, lengths: np.ndarray, steps: int) -> np.ndarray:
    """Which steps lie in each window's stretch, `(b, steps)` bool.

    `lengths` `(b,)` in steps; `place` `(b,)` in [0, 1) spreads a stretch evenly over where it fits whole.

    >>> stretches(np.array([0.0, 0.99]), np.array([2, 1]), 3).astype(int)
    array([[1, 1, 0],
           [0, 0, 1]])
    """
    since = np.arange(steps) - np.floor(place * (steps - lengths + 1))[:, None]
    return (since >= 0) & (since < lengths[:, None])
