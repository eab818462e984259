"""What networks with recurrent layers share: torch's layers, with starting weights that suit long windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

GATES = {"LSTM": 4, "GRU": 3}


def recurrent(
    cell: Literal["LSTM", "GRU"],
    channels: int,
    width: int,
    layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
) -> nn.LSTM | nn.GRU:
    """torch's layer: called on `(b, steps, channels)`, its first output is `(b, steps, width × directions)`.

    Each gate starts with an orthogonal recurrent matrix (Saxe et al. 2014) and no bias, but for the
    LSTM's forget gate, which starts open (Jozefowicz et al. 2015): early steps then reach the last.
    """
    from torch import nn

    made: nn.LSTM | nn.GRU = getattr(nn, cell)(
        channels,
        width,
        num_layers=layers,
        batch_first=True,
        bidirectional=bidirectional,
        dropout=dropout if layers > 1 else 0.0,  # torch drops between layers only
    )
    for name, value in made.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(value)
            if cell == "LSTM" and name.startswith("bias_ih"):
                nn.init.ones_(value[width : 2 * width])
        else:
            start = nn.init.orthogonal_ if name.startswith("weight_hh") else nn.init.xavier_uniform_
            for gate in value.chunk(GATES[cell]):
                start(gate)
    return made
