"""What every loss does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from holdfast.recipe.registry import Component

if TYPE_CHECKING:
    import torch


class Loss(Component):
    """`(outputs, targets, weights) → scalar`.

    Outputs `(b, classes)` are logits: no softmax before the loss. Targets are codes `(b,)`, class shares
    `(b, classes)` where an augmentation mixes them, or values `(b,)`. Weights `(b,)` have mean 1 over the
    training part; None means all 1.
    """

    kind: ClassVar[str] = "loss"
    targets: ClassVar[str] = "classes"
    takes_shares: ClassVar[bool] = True  # targets may be class shares (b, classes)

    def for_counts(self, counts: np.ndarray) -> Self:
        """The loss that knows how many training samples each class has, `(classes,)`; most need not."""
        return self

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        raise NotImplementedError
