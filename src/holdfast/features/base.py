"""What every feature maker does."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.recipe.registry import Component


class Features(Component):
    """`(n, steps, channels) → (n, features)` float32, each row by itself: nothing is learned.

    Images come as the pipeline leaves them, `(n, h, w, channels)`.
    """

    kind: ClassVar[str] = "features"
    takes: ClassVar[frozenset[str]] = frozenset({"windows"})

    def transform(self, X: np.ndarray) -> np.ndarray:
        raise NotImplementedError
