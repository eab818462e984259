"""InceptionTime's network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from holdfast.models.base import Network
from holdfast.models.conv_layers import channels_last, convolution, lying
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import Tensor, nn

EACH = 3  # modules that a residual spans
BRANCHES = 4  # three convolutions and the max-pool


@component("inception_time")
class InceptionTime(Network):
    """Convolutions of three lengths and a max-pool side by side, six times, with residuals.

    One network of the five that InceptionTime averages (Ismail Fawaz et al. 2020). A module: bottleneck,
    three convolutions; max-pool of 3 with a convolution of one step; joined, batch norm, ReLU. Behind
    every third module the input of the three is added. Then global average pooling.
    """

    width: int = Field(
        16,
        ge=1,
        description="filters of each of a module's four branches, and of its bottleneck; 32 in the paper",
    )
    kernel: int = Field(
        39, ge=1, description="steps that the longest filter spans; the others half and a quarter of it, odd"
    )
    blocks: int = Field(6, ge=1, description="modules, with a residual behind every third")

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, channels) → (b, outputs)` logits or values."""
        import torch
        from torch import nn
        from torch.nn import functional

        class Module(nn.Module):
            def __init__(self, channels: int, spec: InceptionTime):
                super().__init__()
                narrow = min(channels, spec.width)
                self.bottleneck = convolution(channels, narrow, 1) if channels > narrow else nn.Identity()
                kernels = (spec.kernel, spec.kernel // 2 | 1, spec.kernel // 4 | 1)
                self.branches = nn.ModuleList([convolution(narrow, spec.width, k) for k in kernels])
                self.behind_pool = convolution(channels, spec.width, 1)
                self.norm = nn.BatchNorm2d(BRANCHES * spec.width)

            def forward(self, x: Tensor) -> Tensor:
                narrow = self.bottleneck(x)
                largest = functional.max_pool2d(x, (1, 3), stride=1, padding=(0, 1))
                parts = [*(branch(narrow) for branch in self.branches), self.behind_pool(largest)]
                return functional.relu(self.norm(torch.cat(parts, dim=1)), inplace=True)

        class Net(nn.Module):
            def __init__(self, spec: InceptionTime):
                super().__init__()
                whole = BRANCHES * spec.width
                widths = [shape[-1]] + [whole] * (spec.blocks - 1)
                self.blocks = nn.ModuleList([Module(channels, spec) for channels in widths])
                self.shortcuts = nn.ModuleList(
                    [
                        nn.Sequential(convolution(widths[i - EACH], whole, 1), nn.BatchNorm2d(whole))
                        for i in range(EACH, spec.blocks + 1, EACH)
                    ]
                )
                self.last = nn.Linear(whole, outputs)

            def forward(self, x: Tensor) -> Tensor:
                x = kept = lying(x)
                for i, block in enumerate(self.blocks, 1):
                    x = block(x)
                    if i % EACH == 0:
                        x = kept = functional.relu(x + self.shortcuts[i // EACH - 1](kept), inplace=True)
                return self.last(x.mean(dim=(2, 3)))

        return channels_last(Net(self))
