"""A network behind a member's pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from safetensors.torch import save

from holdfast.data.dataset import Dataset
from holdfast.data.slices import pieces
from holdfast.errors import BadInput
from holdfast.fit.feed import Feed
from holdfast.fit.grid_feed import GridFeed, filled
from holdfast.fit.heads import Head, HeadLoss
from holdfast.fit.hooks import Checkpoint, Curve, Hook, Report, Schedule, Watch, asked_hooks
from holdfast.fit.loop import train_network
from holdfast.fit.ranks import facts_of, in_ranks, make_fabric
from holdfast.fit.reach import reach_of
from holdfast.fit.resolved import MemberSpec
from holdfast.fit.transfer import WEIGHTS, start_from
from holdfast.folds.inner import inner_split
from holdfast.keys import seed_of
from holdfast.losses.base import Loss
from holdfast.models.base import Network
from holdfast.predict.test_time import AtTestTime
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_bytes, write_whole

PREDICT_BATCH = 256
GRID_BATCH = 32  # a U-Net of width 64 takes 45 MB for each sample of 120 × 120
FILE = "model.joblib"


@dataclass
class FittedNetwork:
    """Pipeline and weights of one fold, ready to predict."""

    pipeline: Pipeline
    model: Network
    head: Head
    shape: tuple[int, ...]  # of one prepared sample
    scale: tuple[float, float]  # mean and deviation of a real target in the training part
    precision: str
    at_test_time: AtTestTime
    net: Any  # torch.nn.Module
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What the fit found out, for the run's records."""
        return {**self.pipeline.facts, **self.found}

    @property
    def batch(self) -> int:
        """Samples that are predicted at once."""
        return GRID_BATCH if self.head.target.kind == "grid" else PREDICT_BATCH

    def outputs(self, data: Dataset) -> torch.Tensor:
        """Raw outputs `(n, outputs)` without test-time augmentation, float32."""
        self._ready()
        data = data.seen_by(self.model)
        return torch.cat([self._raw(self.pipeline.before(raw)) for raw in data.chunks(self.batch)])

    def rates(self, data: Dataset) -> np.ndarray:
        """Grids `(n, leads, h, w)` in mm/h without test-time augmentation."""
        return self._said(self.outputs(data))

    def loss_on(self, data: Dataset, loss: HeadLoss) -> float:
        """The loss on samples with targets, without test-time augmentation."""
        truth = data.target
        assert truth is not None
        if self.head.target.kind == "grid":
            return self._loss_on_grids(data, loss)
        if self.head.target.kind == "real":
            truth = ((truth - self.scale[0]) / self.scale[1]).astype(np.float32)
        return float(loss.value(self.outputs(data), torch.from_numpy(truth), None))

    def _loss_on_grids(self, data: Dataset, loss: HeadLoss) -> float:
        """The mean loss of a sample; of more grids than one piece that of the pieces."""
        total = 0.0
        for rows in pieces(len(data), data.grid_bytes // max(len(data), 1)):
            part = data.take(rows)
            truth = torch.from_numpy(self.pipeline.transform_rain(part.read_grids()))
            value = float(loss.value(self.outputs(part), truth, None))
            if len(rows) == len(data):
                return value
            total += value * len(rows)
        return total / max(len(data), 1)

    def predict(self, data: Dataset) -> np.ndarray:
        """Probabilities `(n, classes)`, values `(n,)` or grids `(n, leads, h, w)`, the mean over views; float32."""
        self._ready()
        return self.at_test_time.predict(
            data.seen_by(self.model),
            self.head.target,
            self.pipeline.before,
            lambda view: self._said(self._raw(view)),
            self.batch,
        )

    def _ready(self) -> None:
        self.net.to(make_fabric(self.precision).device)
        self.net.eval()

    def _raw(self, base: np.ndarray) -> torch.Tensor:
        """Outputs for samples that the first half of the pipeline has seen."""
        fabric = make_fabric(self.precision)
        with torch.inference_mode(), fabric.autocast():
            prepared = self.pipeline.after(base)
            if self.head.target.kind == "grid":
                prepared = filled(prepared)
            X = torch.from_numpy(np.ascontiguousarray(prepared)).to(fabric.device)
            return self.net(X).float().cpu()

    def _said(self, outputs: torch.Tensor) -> np.ndarray:
        if self.head.target.kind == "classes":
            return self.head.shares(outputs)
        if self.head.target.kind == "grid":
            return self.pipeline.inverse_transform(outputs.numpy())
        mean, deviation = self.scale
        return (outputs[:, 0] * deviation + mean).numpy()

    def save(self, folder: Path) -> None:
        """`weights.safetensors`, and everything else in `model.joblib`."""
        weights = {name: value.contiguous().cpu() for name, value in self.net.state_dict().items()}
        write_bytes(folder / WEIGHTS, save(weights))
        write_whole(folder / FILE, lambda file: joblib.dump(replace(self, net=None), file))

    def __getstate__(self) -> dict[str, Any]:
        """A network is pickled as its weights; its spec builds it again."""
        net = self.net
        return {
            **self.__dict__,
            "net": None if net is None else {k: v.cpu().numpy() for k, v in net.state_dict().items()},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        weights = state.pop("net")
        self.__dict__.update(state)
        self.net = self.head.build(self.model, self.shape)
        if weights is not None:
            self.net.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})


def begin(
    member: MemberSpec, learn: Dataset, target: TargetSpec, seed: int, seen: Dataset | None = None,
    feed_of: type[Feed] = Feed, start: Path | None = None,
) -> tuple[FittedNetwork, Feed, HeadLoss]:  # fmt: skip
    """An untrained network with what trains it on `learn`: its feed and its loss.

    `seen`: what the pipeline learns from, where that is not `learn` (a habit). `start`: another run's weights.
    """
    model, settings, loss = member.model, member.fit, member.loss
    assert isinstance(model, Network)
    assert isinstance(loss, Loss)
    assert settings is not None
    learn = learn.seen_by(model)
    assert learn.target is not None
    scale = (0.0, 1.0)
    y = learn.target
    if target.kind == "real":
        scale = (float(y.mean()), float(y.std()) or 1.0)
        y = (y - scale[0]) / scale[1]
    pipeline = Pipeline(member.prepare, learn.kind, learn.names).fit(learn if seen is None else seen)
    head = Head(member.head, target)
    if target.kind == "grid":
        feed_of, loss = GridFeed, loss.for_rates(pipeline.transform_rain)
    feed = feed_of(learn, y, pipeline, member.augment, member.balance, target, settings.batch_size, seed)
    torch.manual_seed(seed_of(seed, "weights"))
    net = head.build(model, feed.sample_shape)
    head.start(model, net)
    said = [*head.notes(net), *_started(member, net, start)]
    fitted = FittedNetwork(
        pipeline, model, head, feed.sample_shape, scale, settings.precision, member.at_test_time, net,
        {"weights": said} if said else {},
    )  # fmt: skip
    return fitted, feed, head.loss(loss, learn.target)


def _started(member: MemberSpec, net: torch.nn.Module, start: Path | None) -> list[str]:
    """Give a new network the weights of another run, where the recipe names one; what to say of them."""
    assert member.fit is not None
    where = f"members.{member.name}.fit.init_from"
    if start is None and member.fit.init_from is not None:
        raise BadInput(f"{where}: only `holdfast train` starts from another run; leave init_from out here")
    return [] if start is None else start_from(net, start, where)


def fit_network(
    member: MemberSpec,
    train: Dataset,
    target: TargetSpec,
    seed: int,
    folder: Path | None,
    mark: str,
    report: Report,
    start: Path | None = None,
    unlabelled: Sequence[Dataset] = (),
    fabric: Any = None,
) -> FittedNetwork:
    """Train a network on a training part; an inner split of it is watched where the recipe asks for that.

    `start`: another run's weights. `unlabelled`: what pretraining sees beside the training part. `fabric`: that of
    one rank of several, of which the first alone writes; as a rule the recipe's devices.
    """
    settings = member.fit
    assert settings is not None
    if fabric is None and (settings.devices or 1) > 1:
        fit = partial(
            fit_network, member, train, target, seed, folder, mark, start=start, unlabelled=unlabelled
        )
        made: FittedNetwork = in_ranks(member.name, settings, fit, report)
        return made
    fabric = fabric or make_fabric(settings.precision)
    assert train.target is not None
    learn, watched, writes = train, None, fabric.is_global_zero
    if settings.watches:
        split = inner_split(train.target, train.groups, settings.inner, seed_of(seed, "inner"))
        if split is not None:
            learn, watched = train.take(split[0]), train.take(split[1])
    fitted, feed, loss = begin(member, learn, target, seed, start=start)
    hooks: list[Hook] = [Schedule(settings), *asked_hooks(settings)]
    if watched is not None and (settings.patience is not None or settings.best):
        hooks.append(Watch(settings.patience))
    hooks.append(Curve(folder / "curve.csv" if folder is not None and writes else None, report))
    begun = False
    if folder is not None:
        hooks.append(held := Checkpoint(folder / "checkpoint.pt", mark, list(hooks), writes))
        begun = settings.pretrain is not None and held.saved() is not None
    if settings.pretrain is not None:
        _pretrain(fitted, member, (train, *unlabelled), seed_of(seed, "pretrain"), report, begun)

    def watch(_: torch.nn.Module) -> float:
        assert watched is not None
        return fitted.loss_on(watched, loss)

    looks = watch if watched is not None else None
    train_network(fitted.net, feed, loss, settings, hooks, seed, looks, fabric)
    fitted.found |= facts_of(fitted.net, fabric)
    if target.kind == "grid" and writes:
        fitted.found["reach"] = reach_of(fitted.rates, learn)
    return fitted


def _pretrain(
    fitted: FittedNetwork, member: MemberSpec, sets: Sequence[Dataset], seed: int, report: Report, begun: bool
) -> None:
    """Pretrain a new network on the pictures of `sets`; one whose training has begun has that behind it."""
    from holdfast.fit.pretrain import Views, pretrain

    assert member.fit is not None
    settings = member.fit.pretrain
    assert settings is not None
    seen = sum(len(one) for one in sets)
    fitted.found["pretrain"] = {"pictures": seen, "transductive": settings.transductive}
    if not begun:
        views = Views(sets, fitted.pipeline, member.augment, settings.batch_size, seed)
        pretrain(fitted.net, views, settings, fitted.precision, seed, report)
