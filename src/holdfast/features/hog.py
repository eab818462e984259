"""Edges of a picture, counted by direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from holdfast.errors import BadInput
from holdfast.features.base import Features
from holdfast.recipe.registry import component
from holdfast.vision import opencv, skimage

if TYPE_CHECKING:
    from holdfast.data.dataset import Dataset

Pixels = Annotated[int, Field(ge=1)]


@component("hog")
class Hog(Features):
    """Histograms of oriented gradients in cells, normalized over blocks of cells (Dalal and Triggs 2005).

    Each pixel counts by its channel of the steepest gradient. By scikit-image.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"images"})

    orientations: int = Field(9, ge=2, description="directions that edges are counted in")
    pixels_per_cell: tuple[Pixels, Pixels] = Field((8, 8), description="height and width of a cell")
    cells_per_block: tuple[Pixels, Pixels] = Field(
        (2, 2), description="cells down and across that are normalized together; blocks overlap"
    )
    size: tuple[Pixels, Pixels] | None = Field(
        (64, 64), description="height and width that pictures are resized to first; null: as they are"
    )

    def check(self, train: Dataset, where: str) -> None:
        skimage(), opencv()
        if self.size is not None:
            self._refuse_small(self.size, f"{where}.size")

    def transform(self, X: np.ndarray) -> np.ndarray:
        """`(n, h, w, channels)` float32 `→ (n, features)`."""
        self._refuse_small(self.size or X.shape[1:3], "features.hog")
        hog = skimage().hog
        rows = [
            hog(
                self._resized(picture),
                self.orientations,
                self.pixels_per_cell,
                self.cells_per_block,
                channel_axis=-1,
            )
            for picture in X
        ]
        return np.array(rows, dtype=np.float32)

    def _resized(self, picture: np.ndarray) -> np.ndarray:
        if self.size is None or picture.shape[:2] == self.size:
            return picture
        cv2 = opencv()
        smaller = picture.shape[0] >= self.size[0] and picture.shape[1] >= self.size[1]
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        made = cv2.resize(np.ascontiguousarray(picture), self.size[::-1], interpolation=way)
        return made.reshape(*self.size, -1)  # OpenCV drops a single channel's axis

    def _refuse_small(self, size: tuple[int, ...], where: str) -> None:
        block = [cells * pixels for cells, pixels in zip(self.cells_per_block, self.pixels_per_cell)]
        if size[0] < block[0] or size[1] < block[1]:
            raise BadInput(
                f"{where}: pictures of {size[0]} × {size[1]} pixels are smaller than a block of {block[0]} × {block[1]};"
                " take a larger size, or smaller cells"
            )
