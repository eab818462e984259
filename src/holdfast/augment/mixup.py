"""Mixed samples, mixed targets."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.mixing import mixed, own_shares, partners
from holdfast.recipe.registry import component


@component("mixup")
class Mixup(Augmentation):
    """Blend each sample with another of its batch, and the targets by the same share (Zhang et al. 2018).

    λ is drawn for each pair from Beta(alpha, alpha); the larger part is the sample's own.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"windows", "images"})
    mixes_targets: ClassVar[bool] = True

    alpha: float = Field(
        0.2, gt=0, description="of the Beta distribution of λ: small mixes little; the paper takes 0.1 to 0.4"
    )

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        partner, share = partners(keys), own_shares(keys, self.alpha)
        made = mixed(batch.astype(np.float32, copy=False), partner, share)
        if batch.dtype == np.uint8:
            made = np.rint(made, out=made).astype(np.uint8)
        return made, mixed(targets, partner, share)
