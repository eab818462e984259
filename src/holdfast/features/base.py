"""What every feature maker does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from holdfast.recipe.registry import Component

if TYPE_CHECKING:
    from holdfast.data.dataset import Dataset


class Features(Component):
    """`(n, steps, channels) → (n, features)` float32, each row by itself: nothing is learned.

    Images come as the pipeline leaves them, `(n, h, w, channels)`.
    """

    kind: ClassVar[str] = "features"
    takes: ClassVar[frozenset[str]] = frozenset({"windows"})
    row_by_row: ClassVar[bool] = (
        True  # to the last bit, whatever rows are beside: a table may be kept and shared
    )

    def check(self, train: Dataset, where: str) -> None:
        """Raises BadInput where a file or a package is missing; `where` begins the message."""
        return None

    def transform(self, X: np.ndarray) -> np.ndarray:
        raise NotImplementedError


def table_of(makers: Sequence[Features], X: np.ndarray) -> np.ndarray:
    """The tables of all makers side by side, `(n, features)` float32, finite."""
    made = np.concatenate([maker.transform(X) for maker in makers], axis=1)
    return np.nan_to_num(made, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
