"""The U-Net for radar frames."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from holdfast.models.attention_layers import attention_gate, cbam
from holdfast.models.base import Network
from holdfast.models.conv_layers import channels_last
from holdfast.models.frame_layers import convolution, laid_out, u_path
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import Tensor, nn


class RainNetLike(Network):
    """RainNet's layout: two 3 × 3 convolutions with batch norm and ReLU a level, twice the filters each level down.

    RainNet has no batch norm; without it, the many dry pixels let the last units of a `flow_unet` die.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"frames"})
    targets: ClassVar[frozenset[str]] = frozenset({"grid"})

    width: int = Field(16, ge=1, description="filters of the first level, twice as many each level down")
    depth: int = Field(4, ge=1, le=6, description="times that the frame is halved")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of units dropped in the two deepest levels")
    attention: Literal["none", "gates", "cbam"] = Field(
        "none",
        description="gates: on what the skips carry up; cbam: over channels and places, after each block",
    )

    def path(self, channels: int, grouped: bool = False) -> nn.Module:
        """From `(b, channels, h, w)` to `(b, width, h, w)`. `grouped`: each channel meets its own filters first."""
        from torch import nn

        def block(come: int, width: int, groups: int = 1) -> nn.Sequential:
            between = -(-width // groups) * groups  # each group has as many filters
            first = convolution(come, between, groups=groups, bias=False)
            layers: list[nn.Module] = [first, nn.BatchNorm2d(between), nn.ReLU(inplace=True)]
            layers += [convolution(between, width, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            return nn.Sequential(*layers, *([cbam(width)] if self.attention == "cbam" else []))

        widths = [self.width * 2**level for level in range(self.depth + 1)]
        shallow = block(channels, widths[0], channels if grouped else 1)
        return u_path(
            widths,
            down=[shallow, *(block(come, width) for come, width in pairwise(widths))],
            up=[block(deep + flat, flat) for flat, deep in pairwise(widths)],
            rise=lambda deep, flat: nn.Upsample(scale_factor=2, mode="nearest"),
            dropout=nn.Dropout(self.dropout),
            gate=attention_gate if self.attention == "gates" else None,
        )


@component("unet")
class UNet(RainNetLike):
    """A U-Net in RainNet's layout (Ayzel et al. 2020), with a linear output.

    RainNet has width 64, 4 levels and dropout 0.5. Options: attention gates (Oktay et al. 2018) or CBAM (Woo et al.
    2018), and a first convolution that looks at each time step by itself.
    """

    grouped_by_time: bool = Field(
        False, description="the first convolution has its own filters for each time step"
    )

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, h, w) → (b, leads, h, w)`, both of prepared rain."""
        from torch import nn

        class Net(nn.Module):
            def __init__(self, spec: UNet):
                super().__init__()
                self.path = spec.path(shape[0], spec.grouped_by_time)
                self.last = nn.Conv2d(spec.width, outputs, 1)

            def forward(self, x: Tensor) -> Tensor:
                return self.last(self.path(laid_out(x)))

        return channels_last(Net(self))
