"""Out of focus."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from holdfast.augment.picture import SomePictures
from holdfast.augment.ranges import drawn_from, in_order
from holdfast.recipe.registry import component
from holdfast.vision import opencv

Sigma = Annotated[float, Field(gt=0)]


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError("expected an odd number, so that the kernel has a middle")
    return size


@component("gaussian_blur")
class GaussianBlur(SomePictures):
    """Blur some pictures by a Gaussian kernel of random width (as SimCLR does, Chen et al. 2020)."""

    draws: ClassVar[int] = 1

    kernel_size: Annotated[int, AfterValidator(_odd)] = Field(
        5,
        ge=3,
        description="side of the kernel in pixels, odd; more than 3 times sigma cuts little of it off",
    )
    sigma: Annotated[tuple[Sigma, Sigma], AfterValidator(in_order)] = Field(
        (0.1, 2.0), description="least and largest standard deviation in pixels; as in the paper"
    )

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        cv2 = opencv()
        sigma = drawn_from(self.sigma, drawn[0])
        side = (self.kernel_size, self.kernel_size)
        return np.asarray(cv2.GaussianBlur(picture, side, sigma, borderType=cv2.BORDER_REFLECT_101))
