"""Asymmetric loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from holdfast.losses.base import Loss
from holdfast.losses.shares import as_shares
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch

LEAST = 1e-7  # of a probability that is raised to a power: below, powers under 1 have no finite slope


@component("asymmetric")
class Asymmetric(Loss):
    """Each class against the rest by a sigmoid, easy negatives counted less than easy positives (Ridnik et al. 2021).

    For head sigmoid. The asymmetry shifts the probabilities: calibrate them where the metric reads them
    (`predict: {calibrate: temperature}`).
    """

    activation: ClassVar[str] = "sigmoid"

    gamma_pos: float = Field(0.0, ge=0, le=10, description="focal power on the true class (the paper's: 0)")
    gamma_neg: float = Field(
        4.0, ge=0, le=10, description="focal power on the other classes (the paper's: 4)"
    )
    clip: float = Field(
        0.05, ge=0, lt=1, description="negatives below this probability do not count (the paper's: 0.05)"
    )

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        import torch
        from torch.nn.functional import logsigmoid

        logits = outputs.float()
        shares = as_shares(targets, logits.shape[1])
        positive = -logsigmoid(logits) * torch.sigmoid(-logits).clamp_min(LEAST) ** self.gamma_pos
        shifted = (torch.sigmoid(logits) - self.clip).clamp_min(LEAST)
        if self.clip:
            surprise = -torch.log((torch.sigmoid(-logits) + self.clip).clamp_max(1.0))
        else:
            surprise = -logsigmoid(-logits)  # exact where the sum above would be 0
        negative = surprise * shifted**self.gamma_neg
        each = (shares * positive + (1 - shares) * negative).sum(dim=1)
        return each.mean() if weights is None else (each * weights).mean()
