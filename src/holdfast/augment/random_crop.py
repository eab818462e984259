"""Random shifts."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from holdfast.augment.picture import PictureAugmentation
from holdfast.keys import uniforms
from holdfast.recipe.registry import component


@component("random_crop")
class RandomCrop(PictureAugmentation):
    """Pad each picture on all sides and cut out a part of its own size (He et al. 2016): a shift by whole pixels."""

    libraries: ClassVar = ()

    padding: int = Field(
        4, ge=1, description="pixels added on each side, the largest shift; 4 as in the paper, of 32 pixels"
    )
    padding_mode: Literal["constant", "edge", "reflect", "symmetric"] = Field(
        "constant",
        description="what comes in: constant is black, edge repeats the last pixel, the others mirror",
    )

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        around = (self.padding, self.padding)
        padded = np.pad(batch, ((0, 0), around, around, (0, 0)), mode=self.padding_mode)
        h, w = batch.shape[1:3]
        out = np.empty_like(batch)
        shifts = (uniforms(keys, 2) * (2 * self.padding + 1)).astype(int)
        for item, (top, left) in enumerate(shifts):
            out[item] = padded[item, top : top + h, left : left + w]
        return out, targets
