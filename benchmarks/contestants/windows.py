"""The windows that all contestants get: simulated for speed, a real folder's for scores."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

STEPS, CHANNELS, CLASSES = 600, 18, 61


def simulated(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows `(samples, 600, 18)` float32 and 61 classes: a sine whose pace is the class's, and noise."""
    rng = np.random.default_rng(0)
    y = rng.integers(CLASSES, size=samples)
    y[: min(samples, CLASSES)] = np.arange(min(samples, CLASSES))  # every class is there
    X = rng.standard_normal((samples, STEPS, CHANNELS), dtype=np.float32)
    X += np.sin(np.arange(STEPS)[None, :] * (1 + y[:, None]) / 100)[:, :, None].astype(np.float32)
    return X, y


class Part(NamedTuple):
    """One fold for the plain scripts: standardized by the training part, as anyone would."""

    X: np.ndarray
    y: np.ndarray
    scored: np.ndarray


def part_of(folder: Path, fold: int) -> Part:
    """The fold of a folder that the driver wrote: `X.npy`, `y.npy`, `fold.npy`."""
    X, y, folds = (np.load(folder / f"{name}.npy") for name in ("X", "y", "fold"))
    train, scored = X[folds != fold], X[folds == fold]
    mean, deviation = np.nanmean(train, axis=(0, 1)), np.nanstd(train, axis=(0, 1)) + 1e-8
    train, scored = (np.nan_to_num((part - mean) / deviation).astype(np.float32) for part in (train, scored))
    return Part(train, y[folds != fold], scored)
