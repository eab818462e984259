"""Soft F1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.losses.base import Loss
from holdfast.losses.shares import as_shares
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch

LEAST = 1e-12  # of a sum that is divided by


@component("soft_f1")
class SoftF1(Loss):
    """One minus the macro F1 of a batch, with probabilities in place of counts (after Bénédict et al. 2022).

    A class without true samples in the batch is left out of the mean, as in the metric. Batches should hold
    several samples of each class: take a large batch_size, or balanced_sampler.
    """

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        import torch

        said = outputs.float().softmax(dim=1)
        true = as_shares(targets, outputs.shape[1])
        each = torch.ones_like(said[:, 0]) if weights is None else weights
        hits, predicted, actual = each @ (said * true), each @ said, each @ true
        there = actual > 0
        scores = 2 * hits / (predicted + actual).clamp_min(LEAST)
        return 1 - (scores * there).sum() / there.sum().clamp_min(1)
