"""A learned coupling of attributes."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.errors import BadInput
from holdfast.predict.base import FLOOR, Postprocess
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

SHRINK = 0.5  # samples, as in Norén et al.


@component("coupling")
class Coupling(Postprocess):
    """Multiply each joint class by its share over the product of its attributes' shares, to a power, rows scaled to one.

    For members with an output for each attribute (head: per_attribute, separate), whose joint probabilities are
    products, as if mask and age had nothing to do with each other. The power, from 0 (leave it so) to 1, is that
    of least log loss on the rows it is fitted on. The ratios are shrunk (Norén, Hopstadius and Bate 2013), so that
    a class that is rare there stays near the product.
    """

    def check(self, target: TargetSpec) -> None:
        if len(target.attributes) < 2:
            raise BadInput(
                f"predict.coupling: expected classes of two or more attributes, {target.column!r} has"
                f" {len(target.attributes)}; name them under data.attributes, or leave coupling out"
            )

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        """The logarithm of each joint class's factor, `(classes,)`."""
        from scipy.optimize import minimize_scalar

        logs, whole = np.log(np.maximum(predictions, FLOOR)), log_coupling(truth, target)
        rows = np.arange(len(truth))

        def loss(power: float) -> float:
            changed = logs + power * whole
            return float((np.logaddexp.reduce(changed, axis=1) - changed[rows, truth]).mean())

        power = float(minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded").x)
        return power * whole if loss(power) < loss(0.0) else np.zeros_like(whole)

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        made = predictions * np.exp(learned)
        return (made / made.sum(axis=1, keepdims=True)).astype(predictions.dtype)


def log_coupling(truth: np.ndarray, target: TargetSpec) -> np.ndarray:
    """Logarithm of each class's count over the one that its attributes' shares make expect, `(classes,)`.

    Shrunk towards 0 by adding SHRINK to both: it says little of classes that are neither seen nor expected.

    >>> from holdfast.recipe.target import Attribute
    >>> a = Attribute(name="a", values=("0", "1"), of_class=(0, 0, 1, 1))
    >>> b = Attribute(name="b", values=("0", "1"), of_class=(0, 1, 0, 1))
    >>> target = TargetSpec(kind="classes", names=("00", "01", "10", "11"), attributes=(a, b))
    >>> log_coupling(np.tile([0, 1, 2, 3], 5), target).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    counts = np.bincount(truth, minlength=target.n_classes).astype(np.float64)
    expected = np.ones(target.n_classes)
    for attribute in target.attributes:
        expected *= attribute.marginal(counts[None])[0][list(attribute.of_class)]
    expected *= counts.sum() / expected.sum()  # some combinations may be no class
    return np.log((counts + SHRINK) / (expected + SHRINK))
