"""A peer's work: fold after fold of a folder that the driver wrote, a line on stdout for each that is finished.

numpy alone is needed here, so that the same file serves every environment.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from turns import Clock, Turns

# (training inputs, their codes, scored inputs) → (codes of the columns, probabilities of the scored inputs)
Classifier = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def interpolated(X: np.ndarray) -> np.ndarray:
    """Windows `(n, steps, channels)` without gaps, linear in time; a channel without any value becomes 0."""
    X = X.copy()
    place = np.arange(X.shape[1])
    for sample, channel in np.argwhere(np.isnan(X).any(axis=1)):
        series = X[sample, :, channel]
        there = ~np.isnan(series)
        X[sample, :, channel] = np.interp(place, place[there], series[there]) if there.any() else 0
    return X


def softmax(values: np.ndarray) -> np.ndarray:
    """Probabilities `(n, classes)` from decision values, `(n,)` where there are two classes."""
    if values.ndim == 1:
        values = np.stack([np.zeros(len(values)), values], axis=1)
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def run(said: dict[str, Any], turns: Turns, classify: Classifier, packages: list[str]) -> None:
    """Train on all folds but one, predict that one, for each fold asked for: `KEY-FOLD.npy`, then its line.

    A class that a training part lacks gets probability 0.
    """
    folder = Path(said["folder"])
    X, y, fold = (np.load(folder / f"{name}.npy") for name in ("X", "y", "fold"))
    versions = {name: version(name) for name in packages}
    for k in said["folds"]:
        with Clock() as clock:
            train, scored = X[fold != k], X[fold == k]
            if X.ndim == 3:
                train, scored = interpolated(train), interpolated(scored)
            classes, probabilities = classify(train, y[fold != k], scored)
            made = np.zeros((len(scored), said["classes"]), dtype=np.float32)
            made[:, classes] = probabilities
        np.save(folder / f"{said['key']}-{k}.npy", made)
        turns.answer({"fold": k, "seconds": clock.seconds, "versions": versions})
