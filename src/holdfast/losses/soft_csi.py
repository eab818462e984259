"""Soft critical success index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from holdfast.losses.at_rates import AtRates
from holdfast.losses.masked import per_sample
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch

PIXEL = 1.0  # a hit more in every batch: one without rain has a score, and false alarms have a slope


@component("soft_csi")
class SoftCSI(AtRates):
    """One minus the CSI of a batch, its mean over thresholds, with a sigmoid in place of the forecast's yes or no.

    After Larraondo et al. 2020. Pixels far from every threshold teach
    nothing: join it with another loss, as `{sum: [{mae: 1}, {soft_csi: 0.1}]}`.
    """

    temperature: float = Field(
        0.25,
        gt=0,
        description="width of the step at a threshold, in the scale of prepared rain: the smaller, the nearer to CSI",
    )

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        import torch

        outputs, there = outputs.float(), ~targets.isnan()
        counts = there.float() if weights is None else there * per_sample(weights, targets)
        scores = []
        for threshold in self.thresholds:
            said = torch.sigmoid((outputs - threshold) / self.temperature) * counts
            true = targets >= threshold  # NaN is not
            hits = (said * true).sum()
            either = said.sum() - hits + (counts * true).sum()  # hits, misses and false alarms
            scores.append((hits + PIXEL) / (either + PIXEL))
        return 1 - torch.stack(scores).mean()
