"""What every loss does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        raise NotImplementedError
