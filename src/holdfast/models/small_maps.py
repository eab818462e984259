"""Convolutions of small maps as one product of matrices, in training on a processor.

In each training step oneDNN brings a filter into an order of its own, and its gradient back. Where the maps are small
and the filters large, as in the last blocks of a ResNet on small pictures, that takes longer than the arithmetic. As a
product of matrices (Chellapilla, Puri and Simard 2006) the filter is used as it lies in channels_last memory. It is the
same sum in another order, so that results differ by rounding.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

# found on two cores with AVX-512: such layers took less than oneDNN's time, those with filters of 256 × 256 × 3 × 3 or
# with maps of 7 × 7 more
FILTER = 2**20  # numbers of a filter
ROWS = 1024  # places of the maps made, over all samples of a batch
BF16 = ("avx512_bf16", "amx_bf16", "arm_bf16")  # of a processor that multiplies it


def with_small_maps(net: nn.Module) -> nn.Module:
    """The network, whose plain 2-D convolutions of many weights are products of matrices where that is faster.

    Names and shapes of weights stay, and so does what the network says outside of training.
    """
    from torch import nn

    if not worth_it():
        return net
    for module in net.modules():
        if type(module) is nn.Conv2d and module.weight.numel() >= FILTER and _is_plain(module):
            module.__class__ = _small_maps()
    return net


def worth_it() -> bool:
    """Whether the processor is of those where it pays: not of the newer ones, that multiply bf16.

    On one of these, a ResNet-18's step on 32 pictures of 80 × 64 in float32 took 7 % longer by it.
    """
    import torch

    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return not any(able.get(name) for name in BF16)


def _is_plain(module: nn.Conv2d) -> bool:
    return (
        module.groups == 1
        and module.dilation == (1, 1)
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
    )


def _on_a_processor(x: Tensor) -> bool:
    """Computed there in its own precision."""
    import torch

    return x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")


@cache
def _small_maps() -> Any:
    import torch
    from torch import nn
    from torch.nn import functional

    class SmallMaps(nn.Conv2d):
        def forward(self, input: Tensor) -> Tensor:
            (kh, kw), (down, right) = self.kernel_size, self.stride
            above, left = (int(each) for each in self.padding)
            h = (input.shape[2] + 2 * above - kh) // down + 1
            w = (input.shape[3] + 2 * left - kw) // right + 1
            if not (self.training and _on_a_processor(input) and len(input) * h * w <= ROWS):
                return super().forward(input)
            x = functional.pad(input.permute(0, 2, 3, 1), (0, 0, left, left, above, above))
            # what each weight of a filter sees, (b, h, w, kh × kw × channels); one side, then the other: fewer steps
            x = torch.cat([x[:, :, j : j + (w - 1) * right + 1 : right] for j in range(kw)], dim=3)
            x = torch.cat([x[:, i : i + (h - 1) * down + 1 : down] for i in range(kh)], dim=3)
            filters = self.weight.permute(0, 2, 3, 1).flatten(1)  # a view of channels_last weights
            return functional.linear(x, filters, self.bias).permute(0, 3, 1, 2)

    return SmallMaps
