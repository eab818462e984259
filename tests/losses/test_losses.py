"""Losses against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from holdfast.losses.base import Loss
from holdfast.recipe.registry import parse


def loss(entry: object) -> Loss:
    return parse("loss", entry)  # type: ignore[return-value]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_takes_logits(smoothing: float) -> None:
    """No softmax before it: a published recipe applied it twice."""
    torch.manual_seed(0)
    outputs, y, weights = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2]), torch.rand(6)
    each = cross_entropy(outputs, y, reduction="none", label_smoothing=smoothing)
    made = loss({"cross_entropy": {"smoothing": smoothing}})
    torch.testing.assert_close(made.value(outputs, y, None), each.mean())
    torch.testing.assert_close(made.value(outputs, y, weights), (each * weights).mean())


def test_mse() -> None:
    value = loss("mse").value(torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 1.0]), None)
    assert value == 2.5
