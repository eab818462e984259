"""Mirror images."""

from __future__ import annotations

import numpy as np

from holdfast.augment.picture import SomePictures
from holdfast.recipe.registry import component
from holdfast.vision import opencv


@component("horizontal_flip")
class HorizontalFlip(SomePictures):
    """Mirror left and right. Leave it out where classes tell the sides apart, as letters do."""

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        return np.asarray(opencv().flip(picture, 1))  # a tenth of the time of picture[:, ::-1]


@component("vertical_flip")
class VerticalFlip(SomePictures):
    """Mirror top and bottom, for pictures without an upside: from above, of tissue, of surfaces."""

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        return picture[::-1]
