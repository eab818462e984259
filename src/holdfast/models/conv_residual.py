"""The 1-D convolutional network with skips of a 61-class exercise contest's third place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from holdfast.models.base import Network
from holdfast.models.conv_layers import channels_last, convolution, lying, max_pooled
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import Tensor, nn

POOL = 3  # steps that a max-pool joins


@component("conv_residual")
class ConvResidual(Network):
    """Blocks of three convolutions, the first's output added to the third's before its norm.

    Spatial dropout, block, max-pool, spatial dropout, block, global average pooling, dense, dropout.
    """

    width: int = Field(128, ge=1, description="filters of each convolution")
    kernel: int = Field(9, ge=1, description="steps that a filter spans")
    blocks: int = Field(2, ge=1, description="blocks, with a max-pool of 3 between them")
    dense: int = Field(64, ge=1, description="units of the layer before the last")
    spatial_dropout: float = Field(0.1, ge=0, lt=1, description="share of channels dropped before each block")
    dropout: float = Field(0.4, ge=0, lt=1, description="share of units dropped before the last layer")

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, channels) → (b, outputs)` logits or values."""
        from torch import nn
        from torch.nn import functional

        class Block(nn.Module):
            def __init__(self, channels: int, spec: ConvResidual):
                super().__init__()
                self.convolutions = nn.ModuleList(
                    [convolution(n, spec.width, spec.kernel) for n in (channels, spec.width, spec.width)]
                )
                self.norms = nn.ModuleList([nn.BatchNorm2d(spec.width) for _ in range(3)])

            def forward(self, x: Tensor) -> Tensor:
                first = self.convolutions[0](x)
                x = functional.elu(self.norms[0](first), inplace=True)
                x = functional.elu(self.norms[1](self.convolutions[1](x)), inplace=True)
                return functional.elu(self.norms[2](self.convolutions[2](x) + first), inplace=True)

        class Net(nn.Module):
            def __init__(self, spec: ConvResidual):
                super().__init__()
                widths = [shape[-1]] + [spec.width] * (spec.blocks - 1)
                self.blocks = nn.ModuleList([Block(channels, spec) for channels in widths])
                self.spatial_dropout = nn.Dropout2d(spec.spatial_dropout)
                self.dense = nn.Linear(spec.width, spec.dense, bias=False)
                self.norm = nn.BatchNorm1d(spec.dense)
                self.dropout = nn.Dropout(spec.dropout)
                self.last = nn.Linear(spec.dense, outputs)
                nn.init.kaiming_uniform_(self.dense.weight, nonlinearity="relu")
                nn.init.xavier_uniform_(self.last.weight)
                nn.init.zeros_(self.last.bias)

            def forward(self, x: Tensor) -> Tensor:
                x = lying(x)
                for i, block in enumerate(self.blocks):
                    x = block(self.spatial_dropout(max_pooled(x, POOL) if i else x))
                x = x.mean(dim=(2, 3))
                return self.last(self.dropout(functional.elu(self.norm(self.dense(x)))))

        return channels_last(Net(self))
