"""What every augmentation does."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from holdfast.recipe.registry import Component


class Augmentation(Component):
    """`(batch, targets, keys) → (batch, targets)`: pure, new in every epoch, on training samples only.

    Windows: batch `(b, steps, channels)` float32 in the data's own units, without gaps. Images: `(b, h, w, 3)`
    uint8. `keys` `(b,)` uint64
    name (seed, member, repeat, fold, epoch, item, copy): equal keys give equal changes.
    """

    kind: ClassVar[str] = "augment"
    takes: ClassVar[frozenset[str]] = frozenset({"windows"})
    # mixes samples of a batch: targets come and go as class shares (b, classes) where they are classes
    mixes_targets: ClassVar[bool] = False
    # that no extra of Holdfast brings: without it `for_channels` raises, and the contract skips what needs it
    package: ClassVar[str | None] = None

    def for_channels(self, names: tuple[str, ...]) -> Self:
        """The component that knows the data's channels. Raises BadInput where they do not suit."""
        return self

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError
