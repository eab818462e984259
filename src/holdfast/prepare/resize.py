"""Pictures of another size."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from holdfast.prepare.base import Preparation
from holdfast.recipe.registry import component
from holdfast.vision import torchvision

Size = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]  # height and width, in pixels


def resized(pictures: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pictures `(n, h, w, channels)` uint8 at `size` (height, width): bilinear, smoothed where they shrink.

    By torchvision on the whole batch, in whole numbers: the same on every run. Where the ratio of the sizes
    is no whole number, that takes half of the time of OpenCV's INTER_AREA.
    """
    if pictures.shape[1:3] == tuple(size):
        return pictures
    torchvision()
    import torch
    from torchvision.transforms.v2.functional import resize

    batch = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)
    made = resize(batch, list(size), antialias=True)
    return np.ascontiguousarray(made.permute(0, 2, 3, 1).numpy())


class _Resizer:
    def __init__(self, size: tuple[int, int]):
        self.size = size

    def transform(self, X: np.ndarray) -> np.ndarray:
        return resized(X, self.size)


@component("resize")
class Resize(Preparation):
    """Bring pictures to another size, sides out of proportion where it has other ones; smoothed where they shrink."""

    takes: ClassVar[frozenset[str]] = frozenset({"images"})
    before_augment: ClassVar[bool] = True
    keeps_steps: ClassVar[bool] = False

    size: Size = Field(description="height and width, in pixels", examples=[[16, 12]])

    def build(self, names: tuple[str, ...]) -> _Resizer:
        return _Resizer(self.size)
