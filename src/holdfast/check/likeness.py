"""What it means for two samples of a kind to be alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Measure = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Likeness:
    """Features `(n, d)` in which like samples are near.

    `flips` `(v, d)`: signs that features have where a sample is mirrored, the first of them all 1. `measure`: the
    distance of samples `(n,)` from candidates `(n, k)` found by the features, where it is another. `farthest`: no two
    samples farther apart are copies.
    """

    features: np.ndarray
    flips: np.ndarray = field(default_factory=lambda: np.ones((1, 1), dtype=np.float32))
    measure: Measure | None = None
    farthest: float = np.inf
