"""What changes one picture by itself."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.keys import uniforms
from holdfast.vision import opencv


class PictureAugmentation(Augmentation):
    """`changed` makes a picture from a picture and the numbers drawn for it, so no other picture matters.

    One picture at a time is no loss: OpenCV on uint8 takes a third of the time of one call of
    torch.nn.functional.grid_sample over a whole batch in float32.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"images"})
    libraries: ClassVar[tuple[Callable[[], ModuleType], ...]] = (opencv,)
    draws: ClassVar[int] = 0  # numbers in [0, 1) that a change is made from

    def for_channels(self, names: tuple[str, ...]) -> Self:
        for library in self.libraries:
            library()  # raises BadInput now, not in the first epoch
        return self

    def share(self) -> float:
        """Of the pictures that are changed."""
        return 1.0

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        """`(h, w, 3)` uint8 → the same, from `drawn` `(draws,)`, or from the key where it takes more numbers."""
        raise NotImplementedError

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        numbers = uniforms(keys, 1 + self.draws)
        out = batch.copy()
        for item in np.flatnonzero(numbers[:, 0] < self.share()):
            out[item] = self.changed(batch[item], numbers[item, 1:], int(keys[item]))
        return out, targets


class SomePictures(PictureAugmentation):
    """Changes a share of the pictures and leaves the others as they are."""

    p: float = Field(0.5, ge=0, le=1, description="share of the pictures that are changed")

    def share(self) -> float:
        return self.p
