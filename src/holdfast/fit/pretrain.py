"""Pretraining of a backbone without labels, by SimSiam (Chen and He 2021): two views of a picture are to look alike."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from holdfast.augment.base import Augmentation
from holdfast.data.dataset import Dataset
from holdfast.errors import JobFailed
from holdfast.fit.feed import Feed, cuts
from holdfast.fit.hooks import Report
from holdfast.fit.ranks import make_fabric
from holdfast.fit.transfer import last_layers
from holdfast.keys import item_keys, seed_of
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.schema import Pretrain
from holdfast.recipe.target import TargetSpec

MOMENTUM, WEIGHT_DECAY = 0.9, 1e-4  # the paper's
NARROW = 4  # the predictor's middle layer is so many times narrower, as in the paper
NOTHING = TargetSpec(kind="real")  # stands where a target is asked for


class Views:
    """Two views of each picture of several data sets, whose order and changes depend on (seed, epoch, picture) alone.

    Augmentations that mix samples are left out: what they make is no view of one picture.
    """

    def __init__(
        self, sets: Sequence[Dataset], pipeline: Pipeline, augments: Sequence[Augmentation], batch_size: int, seed: int
    ):  # fmt: skip
        plain = [augment for augment in augments if not augment.mixes_targets]
        self.feeds = [
            Feed(one, np.zeros(len(one)), pipeline, plain, (), NOTHING, batch_size, seed)
            for one in sets
            if len(one)
        ]
        self.ends = np.cumsum([len(feed.train) for feed in self.feeds])
        self.batch_size, self.seed = batch_size, seed
        self.shape = self.feeds[0].sample_shape

    def __len__(self) -> int:
        return int(self.ends[-1])

    def steps(self) -> int:
        """Batches an epoch."""
        return len(cuts(len(self), self.batch_size))

    def batches(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pairs of prepared views `(b, h, w, c)`."""
        order = np.random.default_rng(seed_of(self.seed, "order", epoch)).permutation(len(self))
        one, two = (item_keys(seed_of(self.seed, "augment", epoch), order, copy) for copy in (0, 1))
        for start, stop in cuts(len(self), self.batch_size):
            rows = order[start:stop]
            yield self._view(rows, one[start:stop]), self._view(rows, two[start:stop])

    def _view(self, rows: np.ndarray, keys: np.ndarray) -> torch.Tensor:
        which = np.searchsorted(self.ends, rows, side="right")
        made = []
        for number, feed in enumerate(self.feeds):
            mine = which == number
            if mine.any():
                first = self.ends[number] - len(feed.train)
                made.append(feed.batch(rows[mine] - first, keys[mine]).inputs)
        return torch.cat(made)


class SimSiam(nn.Module):
    """A backbone with what its loss needs behind it, which is thrown away afterwards.

    The projector has two layers, as the paper's for small pictures, as wide as the backbone's features.
    """

    def __init__(self, backbone: Any, width: int):
        super().__init__()
        narrow = max(width // NARROW, 1)
        self.backbone = backbone
        self.projector = nn.Sequential(
            *_layer(width, width), nn.Linear(width, width, bias=False), nn.BatchNorm1d(width, affine=False)
        )
        self.predictor = nn.Sequential(*_layer(width, narrow), nn.Linear(narrow, width))

    def forward(self, one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        """The loss, from -1 (both views say the same, as they also would if all pictures did) to 1."""
        a, b = self._projected(one), self._projected(two)
        return (self._apart(a, b) + self._apart(b, a)) / 2

    def _projected(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.projector(features(self.backbone, x))
        return made

    def _apart(self, said: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Negative cosine of one view's prediction and the other view, through which no gradient goes."""
        predicted = self.predictor(said).float()
        return -functional.cosine_similarity(predicted, wanted.detach().float(), dim=1).mean()


def _layer(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]


def features(backbone: Any, x: torch.Tensor) -> torch.Tensor:
    """What a backbone's last layer would see of `(b, h, w, c)`, `(b, features)`."""
    maps = backbone.forward_features(x.permute(0, 3, 1, 2))
    made: torch.Tensor = backbone.forward_head(maps, pre_logits=True).flatten(1)
    return made


def pretrain(
    net: nn.Module, views: Views, settings: Pretrain, precision: str, seed: int, report: Report
) -> None:
    """Pretrain the backbone of a network; those of other attributes get its weights, all but the last layer's.

    Every random number is keyed by (seed, epoch, picture). A kill in its midst begins it again.
    """
    first, *others = getattr(net, "nets", [net])
    fabric = make_fabric(precision)
    model, optimizer = fabric.setup(*_begun(first.backbone, views, settings, seed))
    steps = settings.epochs * views.steps()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for epoch in range(settings.epochs):
        started = time.monotonic()
        torch.manual_seed(seed_of(seed, "epoch", epoch))  # dropout draws from here
        model.train()
        total = torch.zeros((), dtype=torch.float64)
        for pair in views.batches(epoch):
            value = model(*fabric.to_device(pair))
            fabric.backward(value)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            total += value.detach().double().cpu() * len(pair[0])
        mean = float(total) / len(views)
        if mean != mean:
            raise JobFailed(f"the loss became NaN in epoch {epoch} of pretraining: lower fit.pretrain.lr")
        seconds = time.monotonic() - started
        report(
            {
                "event": "pretrain",
                "epoch": epoch,
                "epochs": settings.epochs,
                "train_loss": mean,
                "seconds": seconds,
            }
        )
    for other in others:
        _copy(first, other)


def _begun(backbone: Any, views: Views, settings: Pretrain, seed: int) -> tuple[Any, Any]:
    """What is trained, and its optimizer."""
    with torch.no_grad():
        width = features(backbone.eval(), torch.zeros(1, *views.shape)).shape[1]
    torch.manual_seed(seed_of(seed, "weights"))
    model = SimSiam(backbone, width)
    optimizer = torch.optim.SGD(model.parameters(), settings.lr, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    return model, optimizer


def _copy(net: nn.Module, other: nn.Module) -> None:
    last = tuple(f"{name}." for name in last_layers(net))
    held = {name: value for name, value in net.state_dict().items() if not name.startswith(last)}
    other.load_state_dict(held, strict=False)
