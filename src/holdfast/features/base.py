"""What every feature maker does."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.recipe.registry import Component


class Features(Component):
    """`(n, steps, channels) → (n, features)` float32, each row by itself: nothing is learned."""

    kind: ClassVar[str] = "features"

    def transform(self, X: np.ndarray) -> np.ndarray:
        raise NotImplementedError
