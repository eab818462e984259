"""What every selection of features does."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec


class Selection(Component):
    """Chooses columns of the table that an estimator sees; learns from the fold's training part alone."""

    kind: ClassVar[str] = "select"

    def choose(
        self,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None,
        target: TargetSpec,
        seed: int,
        threads: int,
    ) -> np.ndarray:
        """Positions of the columns of `X` `(n, features)` to keep, ascending, at least one."""
        raise NotImplementedError
