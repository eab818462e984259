"""Logit-adjusted cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from holdfast.losses.counted import Counted
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch


@component("logit_adjusted")
class LogitAdjusted(Counted):
    """Cross-entropy of logits plus tau times the logarithm of each class's share (Menon et al. 2021).

    The bare logits, which predictions are made of, then treat classes as if all were equally frequent: for
    balanced accuracy and macro F1, not for log loss. Leave balanced_sampler and class_weights out beside it.
    """

    tau: float = Field(1.0, ge=0, le=5, description="0: cross-entropy; 1: for the balanced error")

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        import torch
        from torch.nn.functional import cross_entropy

        counts = self.positive_counts(outputs.shape[1])
        shift = torch.from_numpy(self.tau * np.log(counts / counts.sum())).to(outputs.device, torch.float32)
        each = cross_entropy(outputs.float() + shift, targets, reduction="none")
        return each.mean() if weights is None else (each * weights).mean()
