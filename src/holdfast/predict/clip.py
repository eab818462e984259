"""A lowest probability."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from holdfast.errors import BadInput
from holdfast.predict.base import Postprocess
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

LOWS = np.geomspace(1e-6, 0.1, 51)  # ten a decade


@component("clip")
class Clip(Postprocess):
    """Raise probabilities below a lowest one to it, rows scaled to one: a sure error then costs less log loss.

    After the scaling a probability is at least low / (1 + (classes − 1) · low).
    """

    low: float | None = Field(
        None, gt=0, lt=0.5, description="lowest probability; null: the one of least log loss, 1e-6 to 0.1"
    )

    def check(self, target: TargetSpec) -> None:
        if self.low is not None and self.low * target.n_classes >= 1:
            raise BadInput(
                f"predict.clip.low: expected less than one share of {target.n_classes} classes"
                f" ({1 / target.n_classes:.3g}), got {self.low:g}"
            )

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        """The lowest probability."""
        if self.low is not None:
            return self.low
        lows = LOWS[LOWS * predictions.shape[1] < 1]
        rows = np.arange(len(truth))
        losses = [-np.log(_clipped(predictions, low)[rows, truth]).mean() for low in lows]
        return float(lows[np.argmin(losses)])

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        return _clipped(predictions, learned).astype(predictions.dtype)


def _clipped(predictions: np.ndarray, low: float) -> np.ndarray:
    raised = np.maximum(predictions.astype(np.float64), low)
    return raised / raised.sum(axis=1, keepdims=True)
