"""Random parts, enlarged."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from holdfast.augment.picture import PictureAugmentation
from holdfast.augment.random_box import DRAWS, random_box
from holdfast.augment.ranges import in_order
from holdfast.recipe.registry import component
from holdfast.vision import opencv

Share = Annotated[float, Field(gt=0, le=1)]
Ratio = Annotated[float, Field(gt=0)]


@component("random_resized_crop")
class RandomResizedCrop(PictureAugmentation):
    """Cut a random part out of each picture (Szegedy et al. 2015), resized to the full size."""

    draws: ClassVar[int] = DRAWS

    scale: Annotated[tuple[Share, Share], AfterValidator(in_order)] = Field(
        (0.5, 1.0),
        description="area of the part, as a share of the picture's; the paper takes 0.08, for objects of any size",
    )
    ratio: Annotated[tuple[Ratio, Ratio], AfterValidator(in_order)] = Field(
        (3 / 4, 4 / 3),
        description="width by height of the part, relative to the picture's own; 1 keeps proportions",
    )

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        h, w, _ = picture.shape
        cv2 = opencv()
        part = picture[random_box(drawn, (h, w), self.scale, self.ratio)]
        return np.asarray(cv2.resize(part, (w, h), interpolation=cv2.INTER_LINEAR))
