"""Where values were missing, kept for the model to see."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.prepare.base import Preparation
from holdfast.recipe.registry import component


class _GapMask:
    def __init__(self, own: int):
        self.own = own

    def transform(self, X: np.ndarray) -> np.ndarray:
        mask = np.isnan(X[:, :, : self.own]).any(axis=2, keepdims=True)
        return np.concatenate([X, mask.astype(X.dtype)], axis=2)


@component("gap_mask")
class GapMask(Preparation):
    """Add a channel that is 1 where any of the data's own channels is missing, else 0 (Che et al. 2018).

    Stands before what closes the gaps, and so before augmentation, which sees the mask as one more channel.
    """

    before_augment: ClassVar[bool] = True
    gaps: ClassVar[str] = "read"

    def build(self, names: tuple[str, ...]) -> _GapMask:
        return _GapMask(len(names))
