"""Targets as class shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def as_shares(targets: torch.Tensor, classes: int) -> torch.Tensor:
    """Shares `(b, classes)` float32 of codes `(b,)`; shares stay as they are."""
    from torch.nn.functional import one_hot

    return one_hot(targets, classes).float() if targets.ndim == 1 else targets.float()
