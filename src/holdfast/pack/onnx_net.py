"""A network with what follows it, in operations that ONNX has."""

from __future__ import annotations

import copy

import numpy as np
import torch

from holdfast.fit.network import FittedNetwork
from holdfast.predict.base import FLOOR


def with_head(fitted: FittedNetwork) -> torch.nn.Module:
    """Prepared samples → probabilities `(b, classes)`, values `(b,)` or grids in the prepared scale; float32."""
    net = copy.deepcopy(fitted.net).cpu().float().eval()
    return {"classes": _Shares, "real": _Values, "grid": _Grids}[fitted.head.target.kind](net, fitted).eval()


class _Grids(torch.nn.Module):
    def __init__(self, net: torch.nn.Module, fitted: FittedNetwork):
        super().__init__()
        self.net = net

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.net(samples)
        return made


class _Values(torch.nn.Module):
    def __init__(self, net: torch.nn.Module, fitted: FittedNetwork):
        super().__init__()
        self.net = net
        self.mean, self.deviation = fitted.scale

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.net(samples)[:, 0] * self.deviation + self.mean
        return made


class _Shares(torch.nn.Module):
    """As `Head.shares` says it."""

    def __init__(self, net: torch.nn.Module, fitted: FittedNetwork):
        super().__init__()
        self.net, self.kind, self.widths = net, fitted.head.kind, fitted.head.widths
        self.of_class = [
            None if one is None else torch.from_numpy(np.asarray(one.of_class))
            for one in fitted.head.attributes
        ]

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        outputs = self.net(samples)
        if self.kind == "sigmoid":
            each = torch.sigmoid(outputs)
            return each / each.sum(dim=1, keepdim=True).clamp_min(FLOOR)
        blocks = [torch.softmax(block, dim=1) for block in outputs.split(self.widths, dim=1)]
        if self.of_class[0] is None:
            return blocks[0]
        logs = [torch.log(block.clamp_min(FLOOR))[:, of] for of, block in zip(self.of_class, blocks)]
        return torch.softmax(torch.stack(logs).sum(dim=0), dim=1)
