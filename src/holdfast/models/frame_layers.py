"""What networks over frames share: 3 × 3 convolutions, halving, and the path of a U-Net down and up again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    Make = Callable[[int, int], nn.Module]  # channels in, channels out

DROPPED = 2  # the deepest levels, in which RainNet drops units


def convolution(channels: int, width: int, kernel: int = 3, groups: int = 1, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps height and width; He's start, with which a deep stack keeps its scale."""
    from torch import nn

    made = nn.Conv2d(channels, width, kernel, padding=kernel // 2, groups=groups, bias=bias)
    nn.init.kaiming_normal_(made.weight, nonlinearity="relu")
    if bias:
        nn.init.zeros_(made.bias)  # type: ignore[arg-type]
    return made


def laid_out(x: Tensor) -> Tensor:
    """Frames with the channels next to each other in memory, as the filters of `channels_last` networks are."""
    import torch

    return x.contiguous(memory_format=torch.channels_last)


def halved(x: Tensor) -> Tensor:
    """The largest of each 2 × 2; an odd side's last row or column counts for two."""
    from torch.nn import functional

    return functional.max_pool2d(x, 2, ceil_mode=True)


def cropped(x: Tensor, like: Tensor) -> Tensor:
    """The upper left part of `x` as large as `like`: what `halved` added to an odd side is taken off again."""
    return x[..., : like.shape[-2], : like.shape[-1]]


def padded(x: Tensor, multiple: int) -> Tensor:
    """Frames whose sides are multiples, their last row and column repeated."""
    from torch.nn import functional

    below, right = -x.shape[-2] % multiple, -x.shape[-1] % multiple
    return functional.pad(x, (0, right, 0, below), mode="replicate") if below or right else x


def u_path(
    widths: Sequence[int], down: Sequence[nn.Module], up: Sequence[nn.Module], rise: Make, dropout: nn.Module,
    gate: Make | None = None,
) -> nn.Module:  # fmt: skip
    """A U-Net's path (Ronneberger et al. 2015): frames in, `widths[0]` channels of the same size out; any size.

    `down`: a block for each level, whose output has `widths[level]` channels; `up`: for each but the deepest, of
    the level's channels beside those that came up. `rise`: what doubles the side. `gate`: what a skip
    goes through, called on it and on what comes from below.
    """
    import torch
    from torch import nn

    class Path(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)
            steps = list(zip(widths[1:], widths))
            self.rise = nn.ModuleList([rise(deep, flat) for deep, flat in steps])
            self.gates = nn.ModuleList([gate(deep, flat) for deep, flat in steps] if gate else [])
            self.dropout = dropout

        def forward(self, x: Tensor) -> Tensor:
            skips: list[Tensor] = []
            for level, block in enumerate(self.down):
                x = block(halved(x) if level else x)
                x = self.dropout(x) if level > len(self.down) - 1 - DROPPED else x
                skips.append(x)
            skips.pop()
            for level in reversed(range(len(self.up))):
                skip = skips.pop()
                seen = self.gates[level](x, skip) if len(self.gates) else skip
                x = self.up[level](torch.cat([cropped(self.rise[level](x), skip), seen], dim=1))
            return x

    return Path()
