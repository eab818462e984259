"""What acts on predictions: views of a test sample, and what is done to probabilities afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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

    def undo(self, view: int, said: np.ndarray) -> np.ndarray:
        """What is said of view number `view`, as of the sample itself: grids turned back; all else stays."""
        return said


class Postprocess(Component):
    """Changes predictions by what it learned from out-of-fold rows; scored cross-fitted.

    They are probabilities `(n, classes)` with codes `(n,)` as truth, or grids `(n, leads, h, w)` in mm/h.
    """

    kind: ClassVar[str] = "postprocess"
    targets: ClassVar[frozenset[str]] = frozenset({"classes"})
    by_rows: ClassVar[bool] = (
        False  # of grids: `fit` reads both by `[rows]`, some at a time; else it gets them whole
    )

    def check(self, target: TargetSpec) -> None:
        """Raises BadInput where the target does not fit what the recipe says; called before any work starts."""
        return None

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        """Learn from predictions and truth; what it returns goes to `apply`."""
        raise NotImplementedError

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        """Predictions again, each row by itself; of probabilities rows sum to one."""
        raise NotImplementedError


def said_of_views(
    tta: Sequence[TestTime], batch: np.ndarray, say: Callable[[np.ndarray], np.ndarray]
) -> list[np.ndarray]:
    """What is said of the batch itself, then of every view of it."""
    undone = [one.undo(i, say(view)) for one in tta for i, view in enumerate(one.views(batch))]
    return [say(batch), *undone]


def mean_of_views(views: Sequence[np.ndarray], average: Average = "probabilities") -> np.ndarray:
    """The mean of what is said of each view: probabilities `(n, classes)`, values `(n,)` or grids.

    `logits`: the mean of the logarithms, rows brought to sum one again, which is the geometric mean of
    probabilities: a class that one view all but rules out stays unlikely. Values have no other than their own mean.

    >>> mean_of_views([np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])], "logits")
    array([[0.75, 0.25]])
    """
    if average == "probabilities" or views[0].ndim != 2:
        return np.asarray(np.mean(views, axis=0))
    from scipy.special import softmax

    return np.asarray(softmax(np.mean([np.log(np.maximum(view, FLOOR)) for view in views], axis=0), axis=1))
