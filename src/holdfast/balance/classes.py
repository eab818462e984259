"""Weights by class, and the balanced sampler; by the values of one attribute where that is wanted."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.balance.base import Balance
from holdfast.errors import BadInput
from holdfast.recipe.registry import component
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import TargetSpec


class _Kinds(Balance):
    """What is balanced: the classes, or the values of an attribute."""

    of: str | None = Field(
        None, description="an attribute, whose values are balanced in place of the classes; null: the classes"
    )

    def check(self, target: TargetSpec) -> None:
        names = [attribute.name for attribute in target.attributes]
        if self.of is not None and self.of not in names:
            raise BadInput(
                f"balance.{self.name}.of: no attribute is named {self.of!r}; {nearest(self.of, names)}"
            )

    def kinds(self, y: np.ndarray, target: TargetSpec) -> np.ndarray:
        """What each sample counts as, `(n,)`: codes of its class, or of its value of the attribute."""
        held = {attribute.name: attribute for attribute in target.attributes}
        return y if self.of is None else held[self.of].codes(y)


@component("class_weights")
class ClassWeights(_Kinds):
    """Weight each sample by the inverse of its class's frequency in the training part."""

    power: float = Field(1.0, gt=0, le=1, description="1: classes weigh the same in sum; less: milder")

    def weights(self, y: np.ndarray, target: TargetSpec) -> np.ndarray:
        kinds = self.kinds(y, target)
        weights = (1.0 / np.bincount(kinds)[kinds]) ** self.power
        return (weights / weights.mean()).astype(np.float32)


@component("effective_number")
class EffectiveNumber(_Kinds):
    """Weight each sample by (1 − beta) / (1 − beta^n), n its class's count in the training part (Cui et al. 2019).

    Milder than class_weights for classes of more than about 1 / (1 − beta) samples, the same for smaller ones.
    """

    beta: float = Field(
        0.999, ge=0, lt=1, description="0: all samples weigh the same; towards 1: class_weights"
    )

    def weights(self, y: np.ndarray, target: TargetSpec) -> np.ndarray:
        kinds = self.kinds(y, target)
        weights = (1 - self.beta) / (1 - self.beta ** np.bincount(kinds)[kinds])
        return (weights / weights.mean()).astype(np.float32)


@component("balanced_sampler")
class BalancedSampler(_Kinds):
    """Draw, with replacement, as many samples as there are, each class equally often."""

    def rows(self, y: np.ndarray, target: TargetSpec, seed: int, groups: np.ndarray | None) -> np.ndarray:
        kinds = self.kinds(y, target)
        chance = 1.0 / np.bincount(kinds)[kinds]
        return np.random.default_rng(seed).choice(len(y), size=len(y), p=chance / chance.sum())
