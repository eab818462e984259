"""A picture on a page: an SVG or a compressed raster, with what it shows in words."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.vision import pillow

WEBP = "image/webp"
QUALITY = 80  # of WebP, 0 to 100
ANIMATION_QUALITY = 60


@dataclass(frozen=True)
class Picture:
    """Either `svg`, to stand inside a page, or `data` of the type `mime`. `alt`: what it shows, in words."""

    alt: str
    svg: str = ""
    data: bytes = b""
    mime: str = WEBP
    size: tuple[int, int] = (0, 0)  # width and height of a raster, so that a page does not jump

    @property
    def url(self) -> str:
        """The raster as a data URL, for `src`."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"


def raster(pixels: np.ndarray, alt: str, longest: int = 0) -> Picture:
    """Pixels `(h, w, 3)` uint8 as a compressed picture, its longer side at most `longest` pixels where it is given."""
    image = pillow().fromarray(np.ascontiguousarray(pixels))
    if longest and max(image.size) > longest:
        image.thumbnail((longest, longest))
    return _compressed(image, alt, quality=QUALITY, method=6)


def of_figure(figure: Any, alt: str) -> Picture:
    """A figure of matplotlib's as a compressed picture."""
    figure.canvas.draw()
    return raster(np.asarray(figure.canvas.buffer_rgba())[..., :3], alt)


def of_gif(gif: bytes, alt: str) -> Picture:
    """An animation, about a fifth of the GIF's size."""
    image = pillow().open(io.BytesIO(gif))
    return _compressed(image, alt, quality=ANIMATION_QUALITY, method=3, save_all=True)


def _compressed(image: Any, alt: str, **how: Any) -> Picture:
    file = io.BytesIO()
    image.save(file, "WEBP", **how)
    return Picture(alt, data=file.getvalue(), size=image.size)
