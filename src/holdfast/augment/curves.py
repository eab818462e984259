"""Smooth random curves in time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from holdfast.keys import normals


def smooth_curves(keys: np.ndarray, steps: int, channels: int, knots: int) -> np.ndarray:
    """`(b, steps, channels)` float32: cubic splines through `knots` standard normal values at even places."""
    return _spline(steps, knots) @ normals(keys, (knots, channels))


@lru_cache(maxsize=16)
def _spline(steps: int, knots: int) -> np.ndarray:
    """`(steps, knots)` float32: what each knot's value adds at each step (a spline is linear in these values)."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(np.linspace(0, 1, knots), np.eye(knots))
    return spline(np.linspace(0, 1, steps)).astype(np.float32)
