"""What every remedy for skewed classes does."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec


class Balance(Component):
    """Acts on a training part only, in one of three ways; each is None where the component does not act so."""

    kind: ClassVar[str] = "balance"
    of_tables: ClassVar[bool] = False  # `extra` acts on the table that an estimator sees, not on samples
    needs_groups: ClassVar[bool] = False  # acts on groups, which the data must have

    def check(self, target: TargetSpec) -> None:
        """Raises BadInput where the target does not fit what the recipe says; called before any work starts."""
        return None

    def weights(self, y: np.ndarray, target: TargetSpec) -> np.ndarray | None:
        """A weight a sample, `(n,)`, of mean 1."""
        return None

    def rows(
        self, y: np.ndarray, target: TargetSpec, seed: int, groups: np.ndarray | None
    ) -> np.ndarray | None:
        """Which samples are seen: in an epoch of a network, or once by an estimator. `groups` `(n,)` where known."""
        return None

    def extra(
        self, X: np.ndarray, y: np.ndarray, target: TargetSpec, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """New samples `(m, …)`, their targets, and the row of `X` that each is made from; gaps are closed in `X`."""
        return None
