"""Turned, moved, larger, smaller, sheared."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from holdfast.augment.picture import PictureAugmentation
from holdfast.augment.ranges import Range, drawn_from, in_order, within
from holdfast.recipe.registry import component
from holdfast.vision import opencv

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=100)]


def affine_matrix(
    shape: tuple[int, int], angle: float, translate: tuple[float, float], scale: float, shear: float
) -> np.ndarray:
    """`(2, 3)`: from a pixel's place (x, y) to its new one, about the centre of a picture of `shape` `(h, w)`.

    In the terms of torchvision: `angle` in degrees clockwise, `translate` in pixels to the right and down,
    `shear` in degrees along x.
    """
    centre = (np.array(shape[::-1]) - 1) / 2
    turn, lean = np.deg2rad(angle), np.tan(np.deg2rad(shear))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = scale * turned @ np.array([[1, -lean], [0, 1]])
    return np.column_stack([linear, centre + translate - linear @ centre])


@component("affine")
class Affine(PictureAugmentation):
    """Turn, move, resize and shear each picture about its centre, as torchvision's RandomAffine; bilinear, on black."""

    draws: ClassVar[int] = 5

    degrees: Annotated[Range, within(-180, 180)] = Field(
        10.0, description="largest angle either way, or [least, largest], clockwise"
    )
    translate: tuple[Share, Share] = Field(
        (0.05, 0.05), description="largest shift, as shares of width and height; whole pixels"
    )
    scale: Annotated[tuple[Factor, Factor], AfterValidator(in_order)] = Field(
        (0.9, 1.1), description="least and largest size, 1 being the picture's own"
    )
    shear: Annotated[Range, within(-80, 80)] = Field(
        0.0, description="largest shear along x in degrees either way, or [least, largest]"
    )

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        h, w, _ = picture.shape
        cv2 = opencv()
        matrix = affine_matrix(
            (h, w),
            drawn_from(self.degrees, drawn[0]),
            (
                np.rint(drawn_from(self.translate[0] * w, drawn[1])),
                np.rint(drawn_from(self.translate[1] * h, drawn[2])),
            ),
            drawn_from(self.scale, drawn[3]),
            drawn_from(self.shear, drawn[4]),
        )
        return np.asarray(cv2.warpAffine(picture, matrix, (w, h), flags=cv2.INTER_LINEAR))
