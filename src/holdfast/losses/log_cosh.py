"""The logarithm of the hyperbolic cosine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from holdfast.losses.base import Loss
from holdfast.losses.masked import difference, masked_mean
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch


@component("logcosh")
class LogCosh(Loss):
    """Mean of log cosh of the error: half its square where it is small, its size less log 2 where it is large.

    What RainNet was trained with (Ayzel, Scheffer and Heistermann 2020), on log rain.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"real", "grid"})

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        from torch.nn.functional import softplus

        error, there = difference(outputs, targets)
        each = error + softplus(-2 * error) - math.log(2)  # log cosh without its overflow; 0 at 0
        return masked_mean(each, there, weights)
