"""More contrast, place by place."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.augment.picture import SomePictures
from holdfast.augment.ranges import drawn_from
from holdfast.recipe.registry import component
from holdfast.vision import opencv


@component("clahe")
class Clahe(SomePictures):
    """Even out the lightness of some pictures, tile by tile, its gain limited (CLAHE, Zuiderveld 1994)."""

    draws: ClassVar[int] = 1

    clip_limit: float = Field(
        4.0, gt=1, le=100, description="largest limit of the gain, drawn evenly from 1 up to it"
    )
    tile_grid_size: int = Field(8, ge=1, le=64, description="tiles along each side; 8 as in OpenCV")

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        cv2 = opencv()
        limit = drawn_from((1.0, self.clip_limit), drawn[0])
        even = cv2.createCLAHE(clipLimit=limit, tileGridSize=(self.tile_grid_size, self.tile_grid_size))
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
        lab[..., 0] = even.apply(np.ascontiguousarray(lab[..., 0]))
        return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))
