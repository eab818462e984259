"""Cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from holdfast.losses.base import Loss
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch


@component("cross_entropy")
class CrossEntropy(Loss):
    """Softmax cross-entropy with label smoothing (Szegedy et al. 2016)."""

    smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of each target spread evenly over all classes"
    )

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        each = cross_entropy(outputs.float(), targets, reduction="none", label_smoothing=self.smoothing)
        return each.mean() if weights is None else (each * weights).mean()
