"""Focal loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from holdfast.losses.base import Loss
from holdfast.losses.shares import as_shares
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch

LEAST = 1e-7  # of 1 − p: below, the power of a gamma under 1 has no finite slope


@component("focal")
class Focal(Loss):
    """Cross-entropy that counts samples less the surer they are: (1 − p)^gamma · −log p (Lin et al. 2017).

    Softmax over the classes. The paper's alpha, a weight a class, is what `balance: class_weights` gives.
    """

    gamma: float = Field(
        2.0, ge=0, le=10, description="0: cross-entropy; the greater, the less sure samples count"
    )

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        logs = outputs.float().log_softmax(dim=1)
        unsure = (-logs.expm1()).clamp_min(LEAST)
        each = -(as_shares(targets, outputs.shape[1]) * unsure**self.gamma * logs).sum(dim=1)
        return each.mean() if weights is None else (each * weights).mean()
