"""What networks with 1-D convolutions share: (1, kernel) convolutions on channels_last memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def lying(x: Tensor) -> Tensor:
    """`(b, steps, channels) → (b, channels, 1, steps)`, a view.

    It is channels_last as it lies in memory, so that oneDNN neither copies nor reorders it.
    """
    return x.transpose(1, 2).unsqueeze(2)


def standing(x: Tensor) -> Tensor:
    """`(b, channels, 1, steps) → (b, steps, channels)`, a view: `lying` undone."""
    return x.squeeze(2).transpose(1, 2)


def convolution(channels: int, width: int, kernel: int) -> nn.Conv2d:
    """A 1-D convolution that keeps the length, without bias: a norm follows."""
    from torch import nn

    made = nn.Conv2d(channels, width, (1, kernel), padding="same", bias=False)
    nn.init.kaiming_uniform_(made.weight, nonlinearity="relu")
    return made


def activated(channels: int, width: int, kernel: int) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    from torch import nn

    return nn.Sequential(convolution(channels, width, kernel), nn.BatchNorm2d(width), nn.ReLU(inplace=True))


def max_pooled(x: Tensor, pool: int) -> Tensor:
    """The largest of each `pool` steps; fewer steps than that stay as they are."""
    from torch.nn import functional

    return functional.max_pool2d(x, (1, pool)) if x.shape[3] >= pool else x


def channels_last(net: nn.Module) -> nn.Module:
    """The network with its filters in the same order in memory as the inputs."""
    import torch

    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
