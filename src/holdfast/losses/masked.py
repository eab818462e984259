"""What losses of values and grids share: what was not measured does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def difference(outputs: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs − targets, 0 where a target is NaN, and where there is one; both of the targets' shape.

    NaN is taken out before the subtraction, since it would come back through the gradient.
    """
    there = ~targets.isnan()
    outputs = outputs.float().reshape(targets.shape)
    return (outputs - targets.masked_fill(~there, 0.0)) * there, there


def masked_mean(each: torch.Tensor, there: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """The mean of `each` `(b, …)`, which is 0 elsewhere, over what is there; 0 where nothing is."""
    each = each if weights is None else each * per_sample(weights, each)
    return each.sum() / there.sum().clamp_min(1)


def per_sample(weights: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Weights `(b,)` as `(b, 1, …)`, with as many axes as `like`."""
    return weights.reshape(-1, *[1] * (like.ndim - 1))
