"""Convolutions, then a recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from holdfast.models.base import Network
from holdfast.models.conv_layers import activated, channels_last, lying, max_pooled, standing
from holdfast.models.recurrent_layers import recurrent
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import Tensor, nn

POOL = 2  # steps that a max-pool joins


@component("conv_recurrent")
class ConvRecurrent(Network):
    """Convolutions, each with a max-pool of 2, then an LSTM over the steps that are left.

    DeepConvLSTM (Ordóñez and Roggen 2016), with filters over all channels, batch norm, and the pooling,
    which spares the LSTM most of the steps. Its outputs are averaged over the steps.
    """

    width: int = Field(64, ge=1, description="filters of each convolution")
    kernel: int = Field(5, ge=1, description="steps that a filter spans")
    blocks: int = Field(3, ge=1, description="convolutions, each followed by a max-pool of 2")
    units: int = Field(64, ge=1, description="units of the LSTM, in each direction")
    bidirectional: bool = Field(True, description="read the steps from both ends")
    dropout: float = Field(
        0.4, ge=0, lt=1, description="share of units dropped before the LSTM and before the last layer"
    )

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, channels) → (b, outputs)` logits or values."""
        from torch import nn

        class Net(nn.Module):
            def __init__(self, spec: ConvRecurrent):
                super().__init__()
                widths = [shape[-1]] + [spec.width] * (spec.blocks - 1)
                self.blocks = nn.ModuleList([activated(n, spec.width, spec.kernel) for n in widths])
                self.recurrent = recurrent("LSTM", spec.width, spec.units, bidirectional=spec.bidirectional)
                self.dropout = nn.Dropout(spec.dropout)
                self.last = nn.Linear(spec.units * (1 + spec.bidirectional), outputs)

            def forward(self, x: Tensor) -> Tensor:
                x = lying(x)
                for block in self.blocks:
                    x = max_pooled(block(x), POOL)
                x = self.recurrent(self.dropout(standing(x)))[0]
                return self.last(self.dropout(x.mean(dim=1)))

        return channels_last(Net(self))
