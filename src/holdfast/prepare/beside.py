"""Further channels beside those that are there, made from some of the data's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from pydantic import Field

from holdfast.prepare.base import Preparation
from holdfast.recipe.channels import positions


class Beside:
    """Adds what `function` makes of the channels at `places`, `(n, steps, places) → (n, steps, more)`."""

    def __init__(self, function: Callable[[np.ndarray], np.ndarray], places: Sequence[int]):
        self.function, self.places = function, list(places)

    def transform(self, X: np.ndarray) -> np.ndarray:
        made = self.function(X[:, :, self.places])
        return np.concatenate([X, made.astype(X.dtype, copy=False)], axis=2)


class OfChannels(Preparation):
    """A preparation that reads some of the data's own channels."""

    channels: tuple[str | int, ...] = Field(
        (), description="channels to read, by name or position; empty: all of the data's own"
    )

    def places(self, names: tuple[str, ...]) -> list[int]:
        """Positions of the channels that it reads."""
        wanted = self.channels or range(len(names))
        return positions(names, list(wanted), f"prepare.{self.name}.channels")
