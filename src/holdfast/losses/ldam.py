"""Label-distribution-aware margins."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from holdfast.losses.counted import Counted
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch


@component("ldam")
class LDAM(Counted):
    """Cross-entropy with a margin that the true class must keep, n^(−1/4), widest for the rarest (Cao et al. 2019).

    The paper's logits are cosines times 30; Holdfast's networks have free logits, for which a scale of 1 suits.
    Predictions are the softmax of the logits as they are: with another scale, calibrate them.
    """

    takes_shares: ClassVar[bool] = False  # the margin is that of one true class

    max_margin: float = Field(0.5, ge=0, le=10, description="margin of the rarest class, in logits")
    scale: float = Field(1.0, gt=0, le=100, description="multiplies the logits after the margin is taken off")

    def margins(self, classes: int) -> np.ndarray:
        """The margin of each class, `(classes,)`."""
        each = self.positive_counts(classes) ** -0.25
        return self.max_margin * each / each.max()

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        import torch
        from torch.nn.functional import cross_entropy, one_hot

        classes = outputs.shape[1]
        margins = torch.from_numpy(self.margins(classes)).to(outputs.device, torch.float32)
        logits = outputs.float() - one_hot(targets, classes) * margins
        each = cross_entropy(self.scale * logits, targets, reduction="none")
        return each.mean() if weights is None else (each * weights).mean()
