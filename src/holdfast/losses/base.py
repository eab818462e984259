"""What every loss does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from holdfast.errors import BadInput
from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec

OF_ATTRIBUTES = ("per_attribute", "separate")  # heads whose outputs are those of attributes

if TYPE_CHECKING:
    import torch


class Loss(Component):
    """`(outputs, targets, weights) → scalar`.

    Outputs `(b, classes)` are logits: no softmax before the loss. Targets are codes `(b,)`, class shares
    `(b, classes)` where an augmentation mixes them, or values `(b,)`; of grids outputs and targets are both
    `(b, leads, h, w)`, with NaN in the targets where nothing was measured. Weights `(b,)` have mean 1 over the
    training part; None means all 1. Where the head has outputs for each attribute, `for_attribute` gives the
    loss of each, whose classes are the attribute's values.
    """

    kind: ClassVar[str] = "loss"
    targets: ClassVar[frozenset[str]] = frozenset({"classes"})
    takes_shares: ClassVar[bool] = True  # targets may be class shares (b, classes)
    # What makes probabilities of the outputs that it trains: softmax, or sigmoid (each class against all
    # others), whose rows are then scaled to one.
    activation: ClassVar[str] = "softmax"
    of_attributes: ClassVar[bool] = False  # without a value of its own: only `for_attribute` gives losses

    def for_counts(self, counts: np.ndarray) -> Self:
        """The loss that knows how many training samples each class has, `(classes,)`; most need not."""
        return self

    def for_rates(self, to_scale: Callable[[np.ndarray], np.ndarray]) -> Self:
        """The loss whose thresholds in mm/h are brought to the scale that grids are learned in; most have none."""
        return self

    def for_attribute(self, name: str) -> Loss:
        """The loss of one attribute's outputs `(b, values)`."""
        return self

    def attribute_weight(self, name: str) -> float:
        """The factor of an attribute's loss in the sum over attributes."""
        return 1.0

    def check(self, target: TargetSpec, head: str, where: str) -> None:
        """Raises BadInput where the loss does not suit the target or the head; called before any work starts.

        `where`: the loss's place in the recipe, for the message.
        """
        if self.of_attributes and head not in OF_ATTRIBUTES:
            raise BadInput(
                f"{where}: {self.name} has a loss for each attribute, which head {head} does not keep apart;"
                " take head per_attribute or separate"
            )
        if target.kind == "classes" and (self.activation == "sigmoid") != (head == "sigmoid"):
            remedy = (
                "take binary_cross_entropy or asymmetric"
                if head == "sigmoid"
                else "take head sigmoid with it"
            )
            raise BadInput(
                f"{where}: {self.name} is for outputs that go through a {self.activation}, those of head {head}"
                f" do not; {remedy}"
            )

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        raise NotImplementedError
