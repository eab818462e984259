"""What it means for two samples of a kind to be alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Measure = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Likeness:
    """Features `(n, d)` in which like samples are near, in one or more `views` (as they are, mirrored).

    `measure`: the distance of samples `(n,)` from candidates `(n, k)` found by the features, where it is another.
    `farthest`: no two samples farther apart are copies.
    """

    views: tuple[np.ndarray, ...]
    measure: Measure | None = None
    farthest: float = np.inf
