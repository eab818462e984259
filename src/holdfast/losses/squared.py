"""Squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from holdfast.losses.base import Loss
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch


@component("mse")
class SquaredError(Loss):
    """Mean squared error, of targets scaled to the training part's deviation."""

    targets: ClassVar[frozenset[str]] = frozenset({"real"})

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        each = (outputs.float().squeeze(1) - targets) ** 2
        return each.mean() if weights is None else (each * weights).mean()
