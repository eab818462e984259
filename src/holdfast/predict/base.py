"""What acts on predictions: views of a test sample, and what is done to probabilities afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np

from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec

Average = Literal["probabilities", "logits"]
FLOOR = 1e-7  # probability that a logarithm takes for 0


class TestTime(Component):
    """Test-time augmentation: the predictions of a sample and of changed copies of it are averaged.

    Acts on held-out and on test samples alike, on all models. Windows: in the data's own units, without gaps.
    Images: uint8, as augmentation sees them.
    """

    __test__: ClassVar[bool] = False  # no test class, whatever its name
    kind: ClassVar[str] = "tta"
    takes: ClassVar[frozenset[str]] = frozenset({"windows"})

    def for_channels(self, names: tuple[str, ...]) -> Self:
        """The component that knows the data's channels. Raises BadInput where they do not suit."""
        return self

    def views(self, batch: np.ndarray) -> Iterator[np.ndarray]:
        """Changed copies of a batch `(b, steps, channels)` or `(b, h, w, 3)`, of its shape and type; it is not among them.

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


def mean_of_views(views: Sequence[np.ndarray], average: Average = "probabilities") -> np.ndarray:
    """The mean of what is said of each view: probabilities `(n, classes)`, or values `(n,)`.

    `logits`: the mean of the logarithms, rows brought to sum one again, which is the geometric mean of
    probabilities: a class that one view all but rules out stays unlikely. Values have no other than their own mean.

    >>> mean_of_views([np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])], "logits")
    array([[0.75, 0.25]])
    """
    if average == "probabilities" or views[0].ndim == 1:
        return np.asarray(np.mean(views, axis=0))
    logs = np.mean([np.log(np.maximum(view, FLOOR)) for view in views], axis=0)
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
