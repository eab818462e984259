"""A part without signal."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.boxes import boxes
from holdfast.augment.stretch import stretches
from holdfast.keys import uniforms
from holdfast.recipe.registry import component


@component("cutout")
class Cutout(Augmentation):
    """Set a part of each sample to the sample's mean in each channel (DeVries and Taylor 2017).

    Of a window the part is a stretch of time in all channels at once, of a picture a square hole, whose centre
    may lie anywhere, so that it can reach over the edge.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"windows", "images"})

    share: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="length of the stretch, as a share of the window; of a picture the side of the hole, as a share of"
        " the shorter side (the paper takes 0.25 to 0.6)",
    )

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        b, lengths = len(batch), batch.shape[1:-1]
        sides = np.full(b, max(1, round(self.share * min(lengths))))
        if batch.ndim == 3:
            out = stretches(uniforms(keys, 1)[:, 0], sides, lengths[0])
            return np.where(out[:, :, None], batch.mean(axis=1, keepdims=True), batch), targets
        changed = batch.copy()
        for one, (top, bottom, left, right) in zip(changed, boxes(uniforms(keys, 2), sides, sides, lengths)):
            one[top:bottom, left:right] = np.rint(one.mean(axis=(0, 1)))
        return changed, targets
