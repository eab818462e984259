"""What a network computes, counted by torch: the work that a machine's rates are compared with."""

from __future__ import annotations

from typing import Any


def flops(net: Any, *shape: int) -> dict[str, float]:
    """Floating-point operations of one sample: `predict`, forward; `train`, forward and backward."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    counts = {}
    net.eval()  # batch norm cannot learn from a single sample
    for task in ("predict", "train"):
        with FlopCounterMode(display=False) as counter:
            said = net(torch.zeros(1, *shape)).sum()
            if task == "train":
                said.backward()
        counts[task] = float(counter.get_total_flops())
    return counts
