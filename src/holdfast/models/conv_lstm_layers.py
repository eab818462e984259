"""Convolutional long short-term memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.models.frame_layers import convolution

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = tuple[Tensor, Tensor]  # what it shows and what it keeps, each (b, width, h, w)


def conv_lstm(channels: int, width: int, kernel: int = 3) -> nn.Module:
    """An LSTM whose matrices are convolutions (Shi et al. 2015), without their weights from cell to gates, as in Keras.

    Called on the steps, each `(b, channels, h, w)`, and a state (None: zeros), it gives the hidden state of each step,
    `(b, width, h, w)`, and the last state. Without input channels it runs from its state: steps are None.
    The forget gate starts open (Jozefowicz et al. 2015).
    """
    import torch
    from torch import nn

    class ConvLSTM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.of_input = convolution(channels, 4 * width, kernel) if channels else None
            self.of_state = convolution(width, 4 * width, kernel, bias=not channels)
            nn.init.xavier_uniform_(self.of_state.weight)
            biased = self.of_input or self.of_state
            if self.of_input is not None:
                nn.init.xavier_uniform_(self.of_input.weight)
            nn.init.ones_(biased.bias[width : 2 * width])  # type: ignore[index]

        def forward(
            self, x: Sequence[Tensor | None], state: State | None = None
        ) -> tuple[list[Tensor], State]:
            shown: list[Tensor] = []
            for now in x:
                state = stepped(self.gates(now, state), state)
                shown.append(state[0])
            assert state is not None
            return shown, state

        def gates(self, now: Tensor | None, state: State | None) -> Tensor:
            if now is None or self.of_input is None:
                assert state is not None
                return self.of_state(state[0])
            driven = self.of_input(now)
            return driven if state is None else driven.add_(self.of_state(state[0]))

    def stepped(gates: Tensor, state: State | None) -> State:
        opened, new = gates.split([3 * width, width], dim=1)
        enter, forget, leave = torch.sigmoid(opened).chunk(3, dim=1)
        kept = enter * torch.tanh(new)
        if state is not None:
            kept = torch.addcmul(kept, forget, state[1])
        return leave * torch.tanh(kept), kept

    return ConvLSTM()
