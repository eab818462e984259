"""A U-Net beside a convolutional LSTM: what won a contest in radar nowcasting."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from holdfast.models.base import Network
from holdfast.models.conv_layers import channels_last
from holdfast.models.conv_lstm_layers import conv_lstm
from holdfast.models.frame_layers import convolution, laid_out, u_path
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import Tensor, nn

DEEP = 2  # levels at the bottom that are bottlenecks
NARROW = 4  # a bottleneck has 1/4 of the filters inside


@component("unet_conv_lstm")
class UNetConvLSTM(Network):
    """A U-Net path beside one convolutional LSTM, joined by a 3 × 3 output convolution.

    The U-Net: blocks of three convolutions with batch norm and ELU, the first's output added to the third's
    before its norm; in the two deepest levels bottlenecks of 1 × 1, 3 × 3 and a linear 1 × 1 (Sandler et al. 2018); spatial
    dropout where RainNet drops; transposed convolutions up.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"frames"})
    targets: ClassVar[frozenset[str]] = frozenset({"grid"})

    width: int = Field(
        64, ge=1, description="filters of the U-Net's first level, twice as many each level down"
    )
    lstm_width: int = Field(16, ge=1, description="filters of the convolutional LSTM")
    depth: int = Field(4, ge=1, le=6, description="times that the frame is halved")
    dropout: float = Field(
        0.25, ge=0, lt=1, description="share of channels dropped in the two deepest levels"
    )

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, h, w) → (b, leads, h, w)`, both of prepared rain."""
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, spec: UNetConvLSTM):
                super().__init__()
                self.path = spec.path(shape[0])
                self.lstm = conv_lstm(1, spec.lstm_width)
                self.last = nn.Conv2d(spec.width + spec.lstm_width, outputs, 3, padding=1)

            def forward(self, x: Tensor) -> Tensor:
                _, (shown, _) = self.lstm(x.split(1, dim=1))
                return self.last(torch.cat([self.path(laid_out(x)), shown], dim=1))

        return channels_last(Net(self))

    def path(self, channels: int) -> nn.Module:
        """From `(b, channels, h, w)` to `(b, width, h, w)`."""
        from torch import nn

        widths = [self.width * 2**level for level in range(self.depth + 1)]

        def block(level: int, come: int) -> nn.Module:
            make = bottleneck if level > self.depth - DEEP else residual
            return make(come, widths[level])

        return u_path(
            widths,
            down=[block(level, come) for level, come in enumerate([channels, *widths[:-1]])],
            up=[block(level, 2 * widths[level]) for level in range(self.depth)],
            rise=lambda deep, flat: nn.ConvTranspose2d(deep, flat, 2, stride=2),
            dropout=nn.Dropout2d(self.dropout),
        )


def residual(channels: int, width: int) -> nn.Module:
    """Three convolutions with batch norm and ELU, the first's output added to the third's."""
    from torch import nn
    from torch.nn import functional

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolutions = nn.ModuleList(
                [convolution(n, width, bias=False) for n in (channels, width, width)]
            )
            self.norms = nn.ModuleList([nn.BatchNorm2d(width) for _ in range(3)])

        def forward(self, x: Tensor) -> Tensor:
            first = self.convolutions[0](x)
            x = functional.elu(self.norms[0](first), inplace=True)
            x = functional.elu(self.norms[1](self.convolutions[1](x)), inplace=True)
            return functional.elu(self.norms[2](self.convolutions[2](x) + first), inplace=True)

    return Residual()


def bottleneck(channels: int, width: int) -> nn.Module:
    """1 × 1 to a quarter of the filters, 3 × 3, and 1 × 1 back without activation; batch norm and ELU between."""
    from torch import nn

    inner = max(1, width // NARROW)
    layers: list[nn.Module] = []
    for come, go, kernel in ((channels, inner, 1), (inner, inner, 3)):
        layers += [convolution(come, go, kernel, bias=False), nn.BatchNorm2d(go), nn.ELU(inplace=True)]
    return nn.Sequential(*layers, convolution(inner, width, 1, bias=False), nn.BatchNorm2d(width))
