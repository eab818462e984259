"""Attention over channels and places of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.models.frame_layers import convolution

if TYPE_CHECKING:
    from torch import Tensor, nn

REDUCTION = 16  # channels that share one unit of CBAM's perceptron, as in the paper
REACH = 7  # pixels that CBAM's spatial filter spans, as in the paper


def attention_gate(deep: int, flat: int) -> nn.Module:
    """Keeps of a skip `(b, flat, h, w)` what the level below, `(b, deep, h/2, w/2)`, asks for (Oktay et al. 2018)."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Gate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            inner = max(1, flat // 2)
            self.of_skip = nn.Conv2d(flat, inner, 1, stride=2, bias=False)
            self.of_deep = nn.Conv2d(deep, inner, 1)
            self.weigh = nn.Conv2d(inner, 1, 1)

        def forward(self, below: Tensor, skip: Tensor) -> Tensor:
            share = torch.sigmoid(self.weigh(functional.relu(self.of_skip(skip) + self.of_deep(below))))
            return skip * functional.interpolate(
                share, size=skip.shape[-2:], mode="bilinear", align_corners=False
            )

    return Gate()


def cbam(width: int) -> nn.Module:
    """Convolutional block attention: channels weighted first, then places (Woo et al. 2018)."""
    import torch
    from torch import nn

    class CBAM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            inner = max(1, width // REDUCTION)
            self.channels = nn.Sequential(
                nn.Linear(width, inner), nn.ReLU(inplace=True), nn.Linear(inner, width)
            )
            self.places = convolution(2, 1, REACH)

        def forward(self, x: Tensor) -> Tensor:
            of_channel = torch.sigmoid(self.channels(x.mean(dim=(2, 3))) + self.channels(x.amax(dim=(2, 3))))
            x = x * of_channel[:, :, None, None]
            seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
            return x * torch.sigmoid(self.places(seen))

    return CBAM()
