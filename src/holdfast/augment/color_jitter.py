"""Other light, other camera."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from holdfast.augment.picture import PictureAugmentation
from holdfast.augment.ranges import Range, drawn_from, within
from holdfast.recipe.registry import component
from holdfast.vision import opencv

LUMA = np.array([0.2989, 0.587, 0.114], dtype=np.float32)  # of torchvision's grayscale
LEVELS = np.arange(256, dtype=np.float32)
MOST = 10.0  # times as bright: far beyond any use

Factors = Annotated[Range, within(0, MOST)]


def adjust_brightness(picture: np.ndarray, factor: float) -> np.ndarray:
    """Mixed with black: 0 is black, 1 the picture itself, 2 twice as bright."""
    return _levels(picture, factor * LEVELS)


def adjust_contrast(picture: np.ndarray, factor: float) -> np.ndarray:
    """Mixed with its mean level: 0 is one grey, 1 the picture itself."""
    mean = LUMA @ np.float32(opencv().mean(picture)[:3])
    return _levels(picture, factor * LEVELS + (1 - factor) * mean)


def adjust_saturation(picture: np.ndarray, factor: float) -> np.ndarray:
    """Mixed with its greys: 0 is without colour, 1 the picture itself."""
    mix = factor * np.eye(3, dtype=np.float32) + (1 - factor) * LUMA
    return np.asarray(opencv().transform(picture, np.float32(mix)))


def adjust_hue(picture: np.ndarray, turn: float) -> np.ndarray:
    """All hues turned on the circle of colours: 0 and 1 are the picture itself, 0.5 the complements."""
    cv2 = opencv()
    hsv = cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_RGB2HSV)
    hue = hsv[..., 0]  # in degrees
    hue += np.float32(360 * (turn % 1))
    hue[hue >= 360] -= 360
    return np.clip(np.rint(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)), 0, 255).astype(np.uint8)


def _levels(picture: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Every level replaced by what the table `(256,)` says."""
    return np.asarray(opencv().LUT(picture, np.clip(np.rint(table), 0, 255).astype(np.uint8)))


@component("color_jitter")
class ColorJitter(PictureAugmentation):
    """Change brightness, contrast, saturation and hue, in random order (torchvision's ColorJitter; Howard 2013)."""

    draws: ClassVar[int] = 8

    brightness: Factors = Field(0.2, description="factor from 1 - x to 1 + x, or [least, largest]; 0: none")
    contrast: Factors = Field(0.2, description="factor from 1 - x to 1 + x, or [least, largest]; 0: none")
    saturation: Factors = Field(0.2, description="factor from 1 - x to 1 + x, or [least, largest]; 0: none")
    hue: Annotated[Range, within(-0.5, 0.5)] = Field(
        0.0,
        description="turn from -x to x, or [least, largest], of a whole circle; small ones give false colours",
    )

    def changed(self, picture: np.ndarray, drawn: np.ndarray, key: int) -> np.ndarray:
        factors = (self.brightness, self.contrast, self.saturation)
        factor = [drawn_from(each, u, centre=1.0, floor=0.0) for each, u in zip(factors, drawn)]
        steps = [
            (adjust_brightness, factor[0], 1.0),
            (adjust_contrast, factor[1], 1.0),
            (adjust_saturation, factor[2], 1.0),
            (adjust_hue, drawn_from(self.hue, drawn[3]), 0.0),
        ]
        for step in np.argsort(drawn[4:]):
            adjust, strength, nothing = steps[step]
            if strength != nothing:
                picture = adjust(picture, strength)
        return picture
