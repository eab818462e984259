"""Without colour."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.augment.picture import SomePictures
from holdfast.recipe.registry import component
from holdfast.vision import opencv


@component("grayscale")
class Grayscale(SomePictures):
    """Take the colour out of some pictures, so that shape must tell (torchvision's RandomGrayscale)."""

    p: float = Field(0.1, ge=0, le=1, description="share of the pictures that are changed; as in torchvision")

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        cv2 = opencv()
        return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
