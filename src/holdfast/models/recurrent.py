"""Recurrent networks over the steps of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from holdfast.models.base import Network
from holdfast.models.recurrent_layers import recurrent
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import Tensor, nn


class Recurrent(Network):
    """Recurrent layers; their outputs, averaged over the steps, give the answer."""

    cell: ClassVar[Literal["LSTM", "GRU"]]

    width: int = Field(64, ge=1, description="units of a layer, in each direction")
    layers: int = Field(2, ge=1, description="recurrent layers, one on the other")
    bidirectional: bool = Field(True, description="read the window from both ends")
    dropout: float = Field(
        0.2, ge=0, lt=1, description="share of units dropped between layers and before the last layer"
    )

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, channels) → (b, outputs)` logits or values."""
        from torch import nn

        class Net(nn.Module):
            def __init__(self, spec: Recurrent):
                super().__init__()
                self.recurrent = recurrent(
                    spec.cell, shape[-1], spec.width, spec.layers, spec.bidirectional, spec.dropout
                )
                self.dropout = nn.Dropout(spec.dropout)
                self.last = nn.Linear(spec.width * (1 + spec.bidirectional), outputs)

            def forward(self, x: Tensor) -> Tensor:
                return self.last(self.dropout(self.recurrent(x)[0].mean(dim=1)))

        return Net(self)


@component("lstm")
class Lstm(Recurrent):
    """Long short-term memory over the steps (Hochreiter and Schmidhuber 1997), averaged over them."""

    cell: ClassVar[Literal["LSTM", "GRU"]] = "LSTM"


@component("gru")
class Gru(Recurrent):
    """Gated recurrent units over the steps (Cho et al. 2014), averaged over them."""

    cell: ClassVar[Literal["LSTM", "GRU"]] = "GRU"

    layers: int = Field(
        1, ge=1, description="recurrent layers, one on the other; on a CPU each costs two of an LSTM"
    )
