"""What every ensemble does."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from holdfast.recipe.registry import Component


class Ensemble(Component):
    """Combines members. `fit` sees out-of-fold predictions only; it is scored cross-fitted."""

    kind: ClassVar[str] = "ensemble"

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        """Learn from members' OOF `(members, n, …)`; what it returns goes to `predict`."""
        raise NotImplementedError

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        """Members' predictions `(members, n, …)` → `(n, …)`."""
        raise NotImplementedError
