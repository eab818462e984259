"""A box without picture."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field

from holdfast.augment.picture import SomePictures
from holdfast.augment.random_box import DRAWS, random_box
from holdfast.augment.ranges import in_order
from holdfast.recipe.registry import component

Share = Annotated[float, Field(gt=0, lt=1)]
Ratio = Annotated[float, Field(gt=0)]
Level = Annotated[int, Field(ge=0, le=255)]


@component("random_erasing")
class RandomErasing(SomePictures):
    """Fill a random box of some pictures with one level or with noise (Zhong et al. 2020)."""

    libraries: ClassVar = ()
    draws: ClassVar[int] = DRAWS

    scale: Annotated[tuple[Share, Share], AfterValidator(in_order)] = Field(
        (0.02, 0.33), description="area of the box, as a share of the picture's; as in torchvision"
    )
    ratio: Annotated[tuple[Ratio, Ratio], AfterValidator(in_order)] = Field(
        (0.3, 3.3), description="width by height of the box, relative to the picture's own"
    )
    value: Level | Literal["random"] = Field(
        0,
        description="level from 0 to 255 of all three channels; random: each value drawn, what the paper found best",
    )

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        out = picture.copy()
        box = random_box(drawn, picture.shape[:2], self.scale, self.ratio)
        if self.value == "random":
            noise = np.random.Generator(np.random.Philox(key=key))
            out[box] = noise.integers(0, 256, out[box].shape, dtype=np.uint8)
        else:
            out[box] = self.value
        return out
