"""How much a network computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def operations_of_a_layer(build: Callable[[], nn.Module], shape: tuple[int, ...]) -> float:
    """Floating-point operations of a layer's call as a batch `shape` goes forward, the mean over all calls.

    A recurrent layer counts as a call for each step. Nothing is computed: torch goes through it by shapes alone.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    calls = 0

    def count(layer: nn.Module, inputs: Any, outputs: Any) -> None:
        nonlocal calls
        calls += inputs[0].shape[1] * layer.num_layers if isinstance(layer, torch.nn.RNNBase) else 1

    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        net = build()
        for layer in net.modules():
            if not any(layer.children()):
                layer.register_forward_hook(count)
        net(torch.zeros(shape))
    return float(counter.get_total_flops()) / calls
