"""Boxes of pictures, about a centre."""

from __future__ import annotations

import numpy as np


def boxes(places: np.ndarray, heights: np.ndarray, widths: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`(b, 4)`: top, bottom, left and right of a box a picture of `shape` `(h, w)`, as slices take them.

    `places` `(b, 2)` in [0, 1) spread the centres evenly over the picture's rows and columns; a box of `heights`
    and `widths` `(b,)`, in pixels, that reaches over an edge is cut there.

    >>> boxes(np.array([[0.5, 0.0]]), np.array([4]), np.array([4]), (10, 10))
    array([[3, 7, 0, 2]])
    """
    sides = np.stack([heights, widths], axis=1)
    begin = np.floor(places * shape[:2]).astype(np.int64) - sides // 2
    first, last = np.clip(begin, 0, shape[:2]), np.clip(begin + sides, 0, shape[:2])
    return np.stack([first[:, 0], last[:, 0], first[:, 1], last[:, 1]], axis=1)
