"""What ensembles share that give each member a weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from holdfast.ensemble.of_metric import OfMetric


class Weighted(OfMetric):
    """A mean with weights; `fit` returns them, `(members,)`, none below 0, of sum 1."""

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        return np.tensordot(learned.astype(predictions.dtype), predictions, axes=1)

    def facts(self, learned: Any, members: Sequence[str]) -> dict[str, Any]:
        return {"weights": {name: round(float(weight), 4) for name, weight in zip(members, learned)}}

    def says(self, facts: dict[str, Any]) -> str:
        return "weights " + ", ".join(f"{name} {weight:.2f}" for name, weight in facts["weights"].items())
