"""The continuous ranked probability score of several forecasts of the same grids."""

from __future__ import annotations

import numpy as np


def crps_parts(truth: np.ndarray, members: np.ndarray) -> np.ndarray:
    """What each row adds to the score of members `(m, n, k, h, w)`: `(n, 2)`, a sum and over how many pixels.

    The mean |member − truth| less half the mean |member − member| (Gneiting and Raftery 2007, eq. 21), which for one
    member is the absolute error. pysteps.verification.probscores integrates the same steps (Hersbach 2000), but gives
    an interval whose lower end is the truth no cost: with one dry member at a dry pixel that hides the others' rain.

    >>> truth, members = np.zeros((1, 1, 1, 1)), np.array([0.0, 0.5]).reshape(2, 1, 1, 1, 1)
    >>> crps_parts(truth, members).tolist()
    [[0.125, 1.0]]
    """
    count, rows = len(members), len(truth)
    ordered = np.sort(members, axis=0)
    error = np.abs(ordered - truth).mean(axis=0)
    # the sum over pairs: each of the ordered members lies above those before it and below those after it
    for i, one in enumerate(ordered):
        error -= one * ((2 * i - count + 1) / count**2)
    there = ~np.isnan(truth).reshape(rows, -1)
    cost = np.where(there, error.reshape(rows, -1), 0).sum(axis=1, dtype=np.float64)
    return np.stack([cost, there.sum(axis=1)], axis=1)
