"""Which samples of a sequence overlap others, or stand nearer to them than a guard."""

from __future__ import annotations

import numpy as np

from holdfast.data.dataset import Dataset

TOUCHES = 1 - 1e-9  # in reaches: those that end where others begin do not overlap, however times are rounded
APART = 2.0  # reaches between what can never be near


def near(
    data: Dataset, rows: np.ndarray, others: np.ndarray, guard: float = 0.0, pixels: float | None = 0.0
) -> np.ndarray:
    """For each of `rows`, whether one of `others` is near it: of the same group, and near in time and in space.

    Near in time: their frames overlap (`Dataset.span`), or less than `guard` of `order` lies between them. Near
    in space: their crops overlap (`Dataset.place`), or less than `pixels` lie between them along both axes; all
    are where places are not known, and where `pixels` is None.
    """
    from scipy.spatial import cKDTree

    if len(rows) == 0 or len(others) == 0:
        return np.zeros(len(rows), dtype=bool)
    points = _in_reaches(data, guard, pixels)
    distance, _ = cKDTree(points[others]).query(points[rows], p=np.inf, distance_upper_bound=1.0)
    return np.asarray(distance < TOUCHES)


def _in_reaches(data: Dataset, guard: float, pixels: float | None) -> np.ndarray:
    """Samples as points `(n, d)` that are near where they are less than 1 apart along every axis."""
    assert data.order is not None
    axes = [_reaches(data.order, data.span + guard)]
    if data.groups is not None:
        axes.append(APART * np.unique(data.groups, return_inverse=True)[1])
    if data.place is not None and pixels is not None:
        sides = data.shape[-2:]  # of frames (t, h, w)
        axes += [_reaches(data.place[:, axis], sides[axis] + pixels) for axis in (0, 1)]
    return np.stack(axes, axis=1)


def _reaches(values: np.ndarray, reach: float) -> np.ndarray:
    """Values in units of a reach; without one only equal values are near."""
    if reach == 0:
        return APART * np.unique(values, return_inverse=True)[1]
    return (values - values.min()) / reach
