"""Parts of pictures."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.errors import BadInput
from holdfast.prepare.base import Preparation
from holdfast.prepare.resize import Size
from holdfast.recipe.registry import component


class _CenterCropper:
    def __init__(self, size: tuple[int, int]):
        self.size = size

    def transform(self, X: np.ndarray) -> np.ndarray:
        (height, width), (h, w) = X.shape[1:3], self.size
        if h > height or w > width:
            raise BadInput(
                f"prepare.center_crop.size: expected at most the pictures' {height} × {width}, got {h} × {w}"
            )
        top, left = (height - h) // 2, (width - w) // 2
        return X[:, top : top + h, left : left + w]


class _Cropper:
    def __init__(self, crop: Crop):
        self.crop = crop

    def transform(self, X: np.ndarray) -> np.ndarray:
        box, (height, width) = self.crop, X.shape[1:3]
        if box.top + box.height > height or box.left + box.width > width:
            raise BadInput(
                f"prepare.crop: expected a box inside the pictures' {height} × {width}, got rows {box.top} to"
                f" {box.top + box.height} and columns {box.left} to {box.left + box.width}"
            )
        return X[:, box.top : box.top + box.height, box.left : box.left + box.width]


class _OfPictures(Preparation):
    takes: ClassVar[frozenset[str]] = frozenset({"images"})
    before_augment: ClassVar[bool] = True
    keeps_steps: ClassVar[bool] = False


@component("center_crop")
class CenterCrop(_OfPictures):
    """Keep the middle of each picture."""

    size: Size = Field(description="height and width of what is kept, in pixels", examples=[[16, 12]])

    def build(self, names: tuple[str, ...]) -> _CenterCropper:
        return _CenterCropper(self.size)


@component("crop")
class Crop(_OfPictures):
    """Keep the same box of every picture."""

    top: int = Field(ge=0, description="rows of pixels above the box", examples=[2])
    left: int = Field(ge=0, description="columns of pixels left of the box", examples=[3])
    height: int = Field(ge=1, description="of the box, in pixels", examples=[15])
    width: int = Field(ge=1, description="of the box, in pixels", examples=[11])

    def build(self, names: tuple[str, ...]) -> _Cropper:
        return _Cropper(self)
