"""What acts on predictions: views of a test sample, and what is done to probabilities afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec


class TestTime(Component):
    """Test-time augmentation: the predictions of a sample and of changed copies of it are averaged.

    Acts on held-out and on test samples alike, on all models, in the data's own units, without gaps.
    """

    __test__: ClassVar[bool] = False  # no test class, whatever its name
    kind: ClassVar[str] = "tta"
    takes: ClassVar[frozenset[str]] = frozenset({"windows"})

    def for_channels(self, names: tuple[str, ...]) -> Self:
        """The component that knows the data's channels. Raises BadInput where they do not suit."""
        return self

    def views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        """Changed copies of a batch `(b, steps, channels)`, of the same shape; the batch itself is not among them.

        A sample's copies depend on that sample alone, and are the same each time.
        """
        raise NotImplementedError


class Postprocess(Component):
    """Changes probabilities `(n, classes)` by what it learned from out-of-fold rows; scored cross-fitted."""

    kind: ClassVar[str] = "postprocess"

    def check(self, target: TargetSpec) -> None:
        """Raises BadInput where the target does not fit what the recipe says; called before any work starts."""
        return None

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        """Learn from probabilities `(n, classes)` and codes `(n,)`; what it returns goes to `apply`."""
        raise NotImplementedError

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        """Probabilities `(n, classes)` again, rows that sum to one, each row by itself."""
        raise NotImplementedError


def views_of(tta: Sequence[TestTime], batch: np.ndarray) -> Iterator[np.ndarray]:
    """The batch itself, then every view of it."""
    yield batch
    for one in tta:
        yield from one.views(batch)
