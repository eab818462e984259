"""Earlier values beside the present ones, and the change since then."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field

from holdfast.prepare.beside import Beside, OfChannels
from holdfast.recipe.registry import component

Steps = tuple[Annotated[int, Field(ge=1)], ...]


def lagged(X: np.ndarray, steps: int) -> np.ndarray:
    """Each value as it was `steps` before, `(n, steps, channels)`; before the start, the first one.

    >>> lagged(np.array([[[1.0], [2.0], [4.0]]]), 1).ravel()
    array([1., 1., 2.])
    """
    return X[:, np.maximum(np.arange(X.shape[1]) - steps, 0)]


def lags(X: np.ndarray, steps: Steps) -> np.ndarray:
    """The lagged channels of each of several steps, `(n, steps, lags·channels)`."""
    return np.concatenate([lagged(X, step) for step in steps], axis=2)


def deltas(X: np.ndarray, steps: Steps) -> np.ndarray:
    """The change over each of several steps, `(n, steps, deltas·channels)`; since the start where that is nearer."""
    return np.concatenate([X - lagged(X, step) for step in steps], axis=2)


@component("lag")
class Lag(OfChannels):
    """Add each channel as it was some steps before; before the start, the first value is repeated."""

    steps: Steps = Field(
        (1,), min_length=1, description="how many steps before; several add several channels"
    )

    def build(self, names: tuple[str, ...]) -> Beside:
        return Beside(partial(lags, steps=self.steps), self.places(names))


@component("delta")
class Delta(OfChannels):
    """Add the difference of each channel to its value some steps before, or to the first where that is nearer."""

    steps: Steps = Field(
        (1,), min_length=1, description="how many steps before; several add several channels"
    )

    def build(self, names: tuple[str, ...]) -> Beside:
        return Beside(partial(deltas, steps=self.steps), self.places(names))
