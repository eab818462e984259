"""A loss for classes that stand in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import BadInput
from holdfast.losses.base import OF_ATTRIBUTES, Loss
from holdfast.losses.shares import as_shares
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    import torch


@component("ordinal")
class Ordinal(Loss):
    """Binary cross-entropy of "more than k" at every threshold k, summed (Cao, Mirjalili and Raschka 2020, CORAL).

    Unlike theirs, P(y > k) is a sum of the softmax over all classes, so that the head stays as it is; it falls
    with k by itself. A far miss costs more than a near one. For two classes it is cross-entropy. Classes
    that are not made of attributes stand in the order of their names.
    """

    def check(self, target: TargetSpec, head: str, where: str) -> None:
        super().check(target, head, where)
        if target.attributes and head not in OF_ATTRIBUTES:
            raise BadInput(
                f"{where}: {self.name} is for classes in order; those made of several attributes stand in none."
                " Take head per_attribute and loss by_attribute, which names the ordered ones"
            )
        for attribute in target.attributes:
            if not attribute.ordered and len(attribute.values) > 2:
                raise BadInput(
                    f"{where}: {self.name} is for ordered values; those of {attribute.name!r} are not. Name the ordered"
                    f" ones alone, as {{by_attribute: {{of: {{age: {self.name}}}}}}}"
                )

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        logs = outputs.float().log_softmax(dim=1)
        most, more = logs.logcumsumexp(dim=1)[:, :-1], logs.flip(1).logcumsumexp(dim=1).flip(1)[:, 1:]
        true = as_shares(targets, outputs.shape[1]).cumsum(dim=1)[:, :-1]  # of y up to each threshold
        each = -(true * most + (1 - true) * more).sum(dim=1)
        return each.mean() if weights is None else (each * weights).mean()
