"""How a model's outputs stand for classes: one softmax, one for each attribute, or each class against the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.errors import BadInput
from holdfast.losses.base import OF_ATTRIBUTES, Loss
from holdfast.models.base import Network
from holdfast.predict.base import FLOOR
from holdfast.recipe.target import Attribute, TargetSpec

if TYPE_CHECKING:
    import torch


def check_head(kind: str, target: TargetSpec, network: bool, where: str) -> None:
    """Raises BadInput where the target, or the model, does not suit a head."""
    if kind in OF_ATTRIBUTES and not target.attributes:
        raise BadInput(
            f"{where}.head: {kind} needs a class made of attributes; name them under data.attributes"
        )
    if kind == "sigmoid" and (not network or target.kind != "classes"):
        raise BadInput(f"{where}.head: sigmoid is for networks and classes; leave head out")


@dataclass(frozen=True)
class Head:
    """The blocks of outputs of one model, and their way to probabilities of the (joint) classes."""

    kind: str
    target: TargetSpec

    @cached_property
    def attributes(self) -> tuple[Attribute | None, ...]:
        """What each block of outputs is for; None is the target itself."""
        return self.target.attributes if self.kind in OF_ATTRIBUTES else (None,)

    @cached_property
    def parts(self) -> tuple[TargetSpec, ...]:
        """The target of each block."""
        return tuple(
            self.target if one is None else TargetSpec(kind="classes", column=one.name, names=one.values)
            for one in self.attributes
        )

    @cached_property
    def widths(self) -> tuple[int, ...]:
        return tuple(part.outputs for part in self.parts)

    def build(self, model: Network, shape: tuple[int, ...]) -> torch.nn.Module:
        """The network, or one for each attribute, with outputs `(b, sum of widths)`."""
        if self.kind == "separate":
            return _side_by_side([model.build(shape, width) for width in self.widths])
        return model.build(shape, sum(self.widths))

    def start(self, model: Network, net: Any) -> None:
        """Give a new network the weights that its model starts from."""
        for one in self._nets(net):
            model.start(one)

    def notes(self, net: Any) -> list[str]:
        """What is to be said of the weights that a network starts from."""
        return list(dict.fromkeys(note for one in self._nets(net) for note in getattr(one, "notes", ())))

    def _nets(self, net: Any) -> list[Any]:
        return list(net.nets) if self.kind == "separate" else [net]

    def blocks(self, outputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return outputs.split(self.widths, dim=1)

    def shares(self, outputs: torch.Tensor) -> np.ndarray:
        """Probabilities `(b, classes)` for outputs, float32."""
        import torch

        if self.kind == "sigmoid":
            each = torch.sigmoid(outputs)
            return (each / each.sum(dim=1, keepdim=True).clamp_min(FLOOR)).numpy()
        return self.joined([torch.softmax(block, dim=1).numpy() for block in self.blocks(outputs)])

    def joined(self, shares: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities of the joint classes: the product of their attributes', over those that exist."""
        from scipy.special import softmax

        if self.attributes == (None,):
            return shares[0]
        logs = np.sum(
            [
                np.log(np.maximum(each, FLOOR))[:, one.of_class]
                for one, each in zip(self.attributes, shares)
                if one
            ],
            axis=0,
        )
        return np.asarray(softmax(logs, axis=1), dtype=shares[0].dtype)

    def codes(self, y: np.ndarray) -> list[np.ndarray]:
        """The codes that each block is trained for."""
        return [y if one is None else one.codes(y) for one in self.attributes]

    def loss(self, loss: Loss, y: np.ndarray) -> HeadLoss:
        """The loss over all blocks, which knows the training part's classes `y` (values, for a real target)."""
        losses, weights = [], []
        for one, part, codes in zip(self.attributes, self.parts, self.codes(y)):
            own = loss if one is None else loss.for_attribute(one.name)
            if part.kind == "classes":
                own = own.for_counts(np.bincount(codes, minlength=part.n_classes))
            losses.append(own)
            weights.append(1.0 if one is None else loss.attribute_weight(one.name))
        return HeadLoss(self, tuple(losses), tuple(weights))


@dataclass(frozen=True)
class HeadLoss:
    """A loss for each block of outputs; their weighted sum."""

    head: Head
    losses: tuple[Loss, ...]
    factors: tuple[float, ...]

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        """`targets`: codes `(b,)` or shares `(b, classes)` of joint classes, or values `(b,)`."""
        import torch

        each = [
            factor * loss.value(block, _of_attribute(one, targets), weights)
            for one, loss, factor, block in zip(
                self.head.attributes, self.losses, self.factors, self.head.blocks(outputs)
            )
        ]
        return each[0] if len(each) == 1 else torch.stack(each).sum()


def _of_attribute(one: Attribute | None, targets: torch.Tensor) -> torch.Tensor:
    """Codes or shares of one attribute from those of the joint classes."""
    import torch

    if one is None:
        return targets
    codes = torch.tensor(one.of_class, device=targets.device)
    if targets.ndim == 1:
        return codes[targets]
    return targets @ torch.nn.functional.one_hot(codes, len(one.values)).to(targets.dtype)


def _side_by_side(nets: Sequence[Any]) -> torch.nn.Module:
    """Networks of the same input, whose outputs stand beside each other."""
    import torch

    class SideBySide(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.nets = torch.nn.ModuleList(nets)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([net(x) for net in self.nets], dim=1)

    return SideBySide()
