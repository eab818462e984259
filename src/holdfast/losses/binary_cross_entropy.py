"""Binary cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from holdfast.losses.base import Loss
from holdfast.losses.shares import as_shares
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch


@component("binary_cross_entropy")
class BinaryCrossEntropy(Loss):
    """Each class against all others by a sigmoid, summed over classes (as Wightman et al. 2021). For head sigmoid."""

    activation: ClassVar[str] = "sigmoid"

    smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of each target spread evenly over all classes"
    )

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        from torch.nn.functional import binary_cross_entropy_with_logits

        classes = outputs.shape[1]
        shares = as_shares(targets, classes) * (1 - self.smoothing) + self.smoothing / classes
        each = binary_cross_entropy_with_logits(outputs.float(), shares, reduction="none").sum(dim=1)
        return each.mean() if weights is None else (each * weights).mean()
