"""Squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from holdfast.losses.base import Loss
from holdfast.losses.masked import difference, masked_mean
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch


@component("mse")
class SquaredError(Loss):
    """Mean squared error, of values scaled to the training part's deviation, or of prepared rain."""

    targets: ClassVar[frozenset[str]] = frozenset({"real", "grid"})

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        error, there = difference(outputs, targets)
        return masked_mean(error**2, there, weights)
