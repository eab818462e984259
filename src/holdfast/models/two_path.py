"""A recurrent path and a convolution path side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from holdfast.models.base import Network
from holdfast.models.conv_layers import activated, channels_last, lying
from holdfast.models.recurrent_layers import recurrent
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import Tensor, nn


@component("two_path")
class TwoPath(Network):
    """An LSTM beside three convolutions, both averaged over the steps; joined, then a dense layer.

    LSTM-FCN (Karim et al. 2018). Its LSTM reads a whole channel as one step; this one reads the steps
    in turn, from both ends, since channels of sensors have no order.
    """

    width: int = Field(
        64, ge=1, description="filters of the first and third convolution; the second has two times"
    )
    kernel: int = Field(
        7, ge=1, description="steps that the first convolution spans; the others 5/8 and 3/8 of it, odd"
    )
    units: int = Field(32, ge=1, description="units of the LSTM, in each direction")
    dense: int = Field(64, ge=1, description="units of the layer that joins the paths")
    dropout: float = Field(
        0.4, ge=0, lt=1, description="share of units dropped behind the LSTM and before the last layer"
    )

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, channels) → (b, outputs)` logits or values."""
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, spec: TwoPath):
                super().__init__()
                width, kernel = spec.width, spec.kernel
                self.convolutions = nn.Sequential(
                    activated(shape[-1], width, kernel),
                    activated(width, 2 * width, kernel * 5 // 8 | 1),
                    activated(2 * width, width, kernel * 3 // 8 | 1),
                )
                self.recurrent = recurrent("LSTM", shape[-1], spec.units, bidirectional=True)
                self.dropout = nn.Dropout(spec.dropout)
                self.dense = nn.Sequential(nn.Linear(width + 2 * spec.units, spec.dense), nn.ReLU())
                self.last = nn.Linear(spec.dense, outputs)

            def forward(self, x: Tensor) -> Tensor:
                near = self.convolutions(lying(x)).mean(dim=(2, 3))
                far = self.dropout(self.recurrent(x)[0].mean(dim=1))
                return self.last(self.dropout(self.dense(torch.cat([near, far], dim=1))))

        return channels_last(Net(self))
