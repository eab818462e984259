"""Convolutional LSTM over radar frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from holdfast.models.base import Network
from holdfast.models.conv_layers import channels_last
from holdfast.models.conv_lstm_layers import conv_lstm
from holdfast.models.frame_layers import cropped, padded
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import Tensor, nn


@component("conv_lstm")
class ConvLSTM(Network):
    """Layers of convolutional LSTM read the frames; others, begun in their states, forecast (Shi et al. 2015).

    As there, frames are cut into patches whose pixels become channels, and a 1 × 1 convolution of the states of
    all forecasting layers gives each lead time.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"frames"})
    targets: ClassVar[frozenset[str]] = frozenset({"grid"})

    width: int = Field(32, ge=1, description="filters of each layer's states (the paper's, on radar: 64)")
    layers: int = Field(
        2, ge=1, le=6, description="layers that read, and as many that forecast (the paper's: 3)"
    )
    kernel: Literal[1, 3, 5, 7] = Field(3, description="side of a filter")
    patch: int = Field(
        4,
        ge=1,
        le=16,
        description="side of the patches whose pixels become channels (the paper's, on radar: 2)",
    )

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, h, w) → (b, leads, h, w)`, both of prepared rain."""
        import torch
        from torch import nn
        from torch.nn import functional

        class Net(nn.Module):
            def __init__(self, spec: ConvLSTM):
                super().__init__()
                widths = [spec.width] * (spec.layers - 1)
                self.patch = spec.patch
                self.readers, self.forecasters = (
                    nn.ModuleList([conv_lstm(n, spec.width, spec.kernel) for n in (first, *widths)])
                    for first in (spec.patch**2, 0)
                )
                self.last = nn.Conv2d(spec.width * spec.layers, spec.patch**2, 1)

            def forward(self, frames: Tensor) -> Tensor:
                steps = padded(frames, self.patch).unbind(1)
                x: list[Tensor | None] = [
                    functional.pixel_unshuffle(step[:, None], self.patch) for step in steps
                ]
                states = []
                for layer in self.readers:
                    x, state = layer(x)
                    states.append(state)
                x, shown = [None] * outputs, []
                for layer, state in zip(self.forecasters, states):
                    x, _ = layer(x, state)
                    shown.append(x)
                leads = [
                    functional.pixel_shuffle(self.last(torch.cat(of_lead, dim=1)), self.patch)
                    for of_lead in zip(*shown)
                ]
                return cropped(torch.cat(leads, dim=1), frames)

        return channels_last(Net(self))
