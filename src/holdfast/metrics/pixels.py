"""Which pixels of a grid are scored, and when one has rain."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from holdfast.errors import BadInput
from holdfast.metrics.base import Metric
from holdfast.recipe.target import TargetSpec

# in float32, 10 · 0.01 is below 0.1: an amount that is the threshold, but for rounding, reaches it
NEAR = 1e-6
Place = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


def reaches(rain: np.ndarray, threshold: float) -> np.ndarray:
    """Where rain in mm/h is at a threshold or above it; not where it is missing.

    >>> reaches(np.float32([0.01]) * np.float32([9, 10, 11]), 0.1).tolist()
    [False, True, True]
    """
    return rain >= lowest(threshold)


def lowest(threshold: float | np.ndarray) -> np.ndarray:
    """The lowest amount that reaches a threshold, float32."""
    return np.asarray(threshold * (1 - NEAR), dtype=np.float32)


class OfPixels(Metric):
    """A metric that can be restricted to some pixels of a grid; NaN of the truth is left out."""

    pixels: tuple[Place, ...] | str | None = Field(
        None,
        description="score these pixels of a grid alone: a list of [y, x], or a file of numbers as many as the grid has"
        " pixels (.npy, or .csv with a line a row of pixels), not 0 where a pixel counts; a relative path starts at the"
        " folder that holdfast is called in",
    )

    @property
    def key(self) -> str:
        if self.pixels is None:
            return self.name
        return f"{self.name}_{Path(self.pixels).stem if isinstance(self.pixels, str) else f'{len(self.pixels)}px'}"

    def check(self, target: TargetSpec) -> None:
        super().check(target)
        if self.pixels is None:
            return
        where = f"metric.{self.name}.pixels"
        if target.kind != "grid":
            raise BadInput(
                f"{where}: the target {target.column!r} is {target.kind}, it has no pixels; leave them out"
            )
        height, width = target.shape[-2:]
        if isinstance(self.pixels, str):
            mask = read_mask(self.pixels, where)
            if mask.shape != (height, width):
                raise BadInput(
                    f"{where}: {self.pixels} has shape {mask.shape}, the grids have {(height, width)}"
                )
            if not mask.any():
                raise BadInput(
                    f"{where}: {self.pixels} is 0 everywhere; give the pixels to score another number"
                )
            return
        if not self.pixels:
            raise BadInput(
                f"{where}: an empty list scores nothing; name pixels as [y, x], or leave it out for all"
            )
        outside = [place for place in self.pixels if place[0] >= height or place[1] >= width]
        if outside:
            raise BadInput(
                f"{where}: [y, x] = {list(outside[0])} is outside grids of {height} x {width} pixels"
            )

    def seen(self, grids: np.ndarray) -> np.ndarray:
        """The scored pixels of each row, `(n, pixels)`."""
        if self.pixels is None:
            return grids.reshape(len(grids), -1)
        if isinstance(self.pixels, str):
            return grids[..., read_mask(self.pixels)].reshape(len(grids), -1)
        y, x = np.array(self.pixels).T
        return grids[..., y, x].reshape(len(grids), -1)


def read_mask(path: str, where: str = "metric.pixels") -> np.ndarray:
    """The pixels that a file marks, bool `(h, w)`. Raises BadInput."""
    if not Path(path).is_file():
        raise BadInput(f"{where}: {path} does not exist; it is looked for in {Path.cwd()}")
    return _read_mask(path, Path(path).stat().st_mtime_ns, where)


@lru_cache(maxsize=8)
def _read_mask(path: str, changed: int, where: str) -> np.ndarray:
    """`changed`: when, so that another content is read again."""
    try:
        made = np.load(path) if path.endswith(".npy") else np.loadtxt(path, delimiter=",", ndmin=2)
        return np.nan_to_num(made.astype(np.float64)) != 0
    except ValueError as error:
        raise BadInput(
            f"{where}: {path} is no array of numbers ({error}); expected .npy, or .csv without a header"
        ) from None
