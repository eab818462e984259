"""Windows with a stretch of another."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.mixing import mixed, own_shares, partners
from holdfast.augment.stretch import stretches
from holdfast.keys import uniforms
from holdfast.recipe.registry import component


@component("cutmix")
class Cutmix(Augmentation):
    """Put a stretch of another window of the batch into each, and mix targets by its share (Yun et al. 2019).

    λ is drawn for each pair from Beta(alpha, alpha); the larger part is the sample's own.
    """

    mixes_targets: ClassVar[bool] = True

    alpha: float = Field(
        1.0, gt=0, description="of the Beta distribution of λ: 1 draws it evenly, as in the paper"
    )

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        steps, partner = batch.shape[1], partners(keys)
        lengths = np.rint((1 - own_shares(keys, self.alpha)) * steps)
        foreign = stretches(uniforms(keys, 2)[:, 1], lengths, steps)  # the first number made the share
        changed = np.where(foreign[:, :, None], batch[partner], batch)
        return changed, mixed(targets, partner, 1 - lengths / steps)
