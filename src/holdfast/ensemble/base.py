"""What every ensemble does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from holdfast.metrics.base import Metric
from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec


class Ensemble(Component):
    """Combines members. `fit` sees out-of-fold predictions only; it is scored cross-fitted."""

    kind: ClassVar[str] = "ensemble"
    targets: ClassVar[frozenset[str]] = frozenset({"classes", "real", "grid"})
    # of grids: `fit` reads predictions by `[:, rows]` or `[member][rows]`, truth by `[rows]`; else it gets them whole
    by_rows: ClassVar[bool] = False

    def for_metric(self, metric: Metric, target: TargetSpec) -> Self:
        """The ensemble that knows what it is scored by. Raises BadInput where a field does not suit the target."""
        return self

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        """Learn from members' OOF `(members, n, …)`; what it returns goes to `predict`."""
        raise NotImplementedError

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        """Members' predictions `(members, n, …)` → `(n, …)`."""
        raise NotImplementedError

    def facts(self, learned: Any, members: Sequence[str]) -> dict[str, Any]:
        """What was learned, as plain values for the run's `scores.json`; `members`: their names, in order."""
        return {}

    def says(self, facts: dict[str, Any]) -> str:
        """The same in one line, for the run's notes."""
        return ""
