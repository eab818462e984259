"""Weights by class, and the balanced sampler."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.balance.base import Balance
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("class_weights")
class ClassWeights(Balance):
    """Weight each sample by the inverse of its class's frequency in the training part."""

    power: float = Field(1.0, gt=0, le=1, description="1: classes weigh the same in sum; less: milder")

    def weights(self, y: np.ndarray, target: TargetSpec) -> np.ndarray:
        counts = np.bincount(y, minlength=target.n_classes)
        each = np.where(counts > 0, 1.0 / np.maximum(counts, 1), 0.0) ** self.power
        weights = each[y]
        return (weights / weights.mean()).astype(np.float32)


@component("effective_number")
class EffectiveNumber(Balance):
    """Weight each sample by (1 − beta) / (1 − beta^n), n its class's count in the training part (Cui et al. 2019).

    Milder than class_weights for classes of more than about 1 / (1 − beta) samples, the same for smaller ones.
    """

    beta: float = Field(
        0.999, ge=0, lt=1, description="0: all samples weigh the same; towards 1: class_weights"
    )

    def weights(self, y: np.ndarray, target: TargetSpec) -> np.ndarray:
        counts = np.maximum(np.bincount(y, minlength=target.n_classes), 1)
        weights = ((1 - self.beta) / (1 - self.beta**counts))[y]
        return (weights / weights.mean()).astype(np.float32)


@component("balanced_sampler")
class BalancedSampler(Balance):
    """Draw, with replacement, as many samples as there are, each class equally often."""

    def rows(self, y: np.ndarray, target: TargetSpec, seed: int) -> np.ndarray:
        counts = np.bincount(y, minlength=target.n_classes)
        chance = (1.0 / np.maximum(counts, 1))[y]
        return np.random.default_rng(seed).choice(len(y), size=len(y), p=chance / chance.sum())
