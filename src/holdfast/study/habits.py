"""The dishonest habits of a published contest recipe, kept here alone, to measure what they would have claimed.

They are those of the third place of a contest of exercise motions (61 classes). No recipe switches them on, and
only `holdfast study habits` and the other modules of its name import this one. What they make is marked
`habits: [...]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.balance.base import Balance
from holdfast.data.dataset import Dataset
from holdfast.engine.threads import cores, limited
from holdfast.errors import BadInput
from holdfast.fit.feed import Feed
from holdfast.fit.hooks import Curve, Hook, Schedule, Watch, asked_hooks
from holdfast.fit.loop import train_network
from holdfast.fit.network import FittedNetwork, begin
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.folds.base import Splitter
from holdfast.folds.inner import inner_split
from holdfast.folds.splitters import Stratified
from holdfast.folds.table import Folds, make_folds
from holdfast.keys import for_step, item_keys, seed_of
from holdfast.losses.cross_entropy import CrossEntropy
from holdfast.metrics.base import Metric
from holdfast.models.base import Network
from holdfast.oof.scores import metrics_of
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.schema import Recipe
from holdfast.recipe.strict import Strict
from holdfast.recipe.target import TargetSpec

Report = Callable[[dict[str, Any]], None]
LOG_LOSS = "log_loss"


class Habits(Strict):
    """Which habits a measurement has; none of them by default."""

    scaler_before_split: bool = Field(
        False, description="the pipeline is fitted on all rows, before they are folded"
    )
    one_roll: bool = Field(
        False, description="augmentation is drawn once for each model, not anew in each epoch"
    )
    watch_scored_fold: bool = Field(
        False, description="plateau, early stopping and best weights look at the fold that is scored"
    )
    folds_ignore_groups: bool = Field(False, description="folds are stratified by sample; groups are torn")

    @property
    def marks(self) -> tuple[str, ...]:
        """The names of those that are on.

        >>> Habits(one_roll=True).marks
        ('one_roll',)
        """
        return tuple(name for name in type(self).model_fields if getattr(self, name))


ALL = Habits.model_validate(dict.fromkeys(Habits.model_fields, True))


@dataclass
class HabitNetwork(FittedNetwork):
    """A network of one fold that says which habits made it."""

    habits: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        return {"habits": list(self.habits)}


@dataclass(frozen=True)
class Claim:
    """What an experiment with habits says of itself."""

    habits: tuple[str, ...]
    claimed: dict[str, float]  # by metric, the recipe's first
    lowest: dict[int, float]  # the lowest loss of each fold that was watched
    folds: Folds
    oof: np.ndarray  # `(n, classes)`, NaN in folds that were not trained
    fitted: dict[int, HabitNetwork]  # by fold

    def predict(self, data: Dataset) -> np.ndarray:
        """Probabilities `(n, classes)` for other samples: the mean over the folds' networks."""
        said = np.stack([one.predict(data) for one in self.fitted.values()])
        return np.asarray(said.mean(axis=0, dtype=np.float64))

    def plain(self) -> dict[str, Any]:
        """Plain values, to keep."""
        return {"habits": list(self.habits), "claimed": self.claimed, "lowest": self.lowest}


def claim(
    recipe: Recipe, name: str, data: Dataset, target: TargetSpec, habits: Habits,
    only: Sequence[int] | None = None, report: Report = lambda event: None,
) -> Claim:  # fmt: skip
    """Train the network `name` of a recipe over its folds (the first repeat; `only` some of them) with habits.

    Without habits it does, to the bit, what `holdfast train` does. Raises BadInput for what is no network of
    classes.
    """
    member, metric = resolve(recipe, name, data, target), recipe.metric
    assert isinstance(metric, Metric)
    _refuse(member, name, target, habits)
    seen, folds = _folds(recipe, data, target, habits)
    assert seen.target is not None
    oof = np.full((len(seen), target.n_classes), np.nan, dtype=np.float32)
    fitted, lowest = {}, {}
    with limited(recipe.threads or cores()):
        for k in range(folds.k) if only is None else only:

            def tell(event: dict[str, Any], fold: int = k) -> None:
                report({"habits": list(habits.marks), "member": name, "fold": fold, **event})

            seed = seed_of(recipe.seed, name, 0, k)
            fitted[k], best = fit_with_habits(member, seen, folds.part(0, k), target, habits, seed, tell)
            scored = folds.part(0, k)[1]
            oof[scored] = fitted[k].predict(seen.take(scored))
            if habits.watch_scored_fold:
                lowest[k] = best
    said = lowest if isinstance(member.loss, CrossEntropy) else {}
    return Claim(
        habits.marks, claimed(metrics_of(metric, target), seen.target, oof, said), lowest, folds, oof, fitted
    )


def claimed(
    metrics: Sequence[Metric], truth: np.ndarray, oof: np.ndarray, lowest: Mapping[int, float]
) -> dict[str, float]:
    """What such an experiment reports, by metric: scores of the pooled rows that are there.

    Where the scored folds were watched, the log loss is the mean of each fold's lowest validation loss.

    >>> from holdfast.metrics.classes import LogLoss
    >>> claimed([LogLoss()], np.array([0, 1]), np.array([[0.5, 0.5], [np.nan, np.nan]]), {0: 0.25, 1: 0.5})
    {'log_loss': 0.375}
    """
    there = ~np.isnan(oof).any(axis=1)
    scores = {metric.name: metric.score(truth[there], oof[there]) for metric in metrics}
    if lowest and LOG_LOSS in scores:
        scores[LOG_LOSS] = float(np.mean(list(lowest.values())))
    return scores


def _refuse(member: MemberSpec, name: str, target: TargetSpec, habits: Habits) -> None:
    if not isinstance(member.model, Network):
        raise BadInput(
            f"members.{name}.model: {member.model.name} is no network, and the habits are a network's"
        )
    if target.kind != "classes":
        raise BadInput(f"data.target: the habits are measured on classes, {target.column!r} is {target.kind}")
    if member.labels is not None:
        raise BadInput("labels: the habits are measured with all labels as they are; leave it out")
    if member.seeds > 1:
        raise BadInput(f"members.{name}.seeds: the habits are measured with one seed; leave it out")
    if member.pseudo is not None:
        raise BadInput(f"members.{name}.pseudo: the habits are measured without pseudo-labels; leave it out")
    mixers = [augment.name for augment in member.augment if augment.mixes_targets]
    if habits.one_roll and mixers:
        raise BadInput(
            f"members.{name}.augment: {mixers[0]} mixes samples of a batch, it cannot be drawn once; leave it out"
        )


def _folds(recipe: Recipe, data: Dataset, target: TargetSpec, habits: Habits) -> tuple[Dataset, Folds]:
    """The data as the experiment sees them, and their folds."""
    splitter = recipe.folds
    assert isinstance(splitter, Splitter)
    if habits.folds_ignore_groups:
        data = replace(data, groups=None, order=None)
        splitter = Stratified(k=getattr(splitter, "k", 5), seed=getattr(splitter, "seed", 0))
    return data, make_folds(splitter, data, target, Path())


def fit_with_habits(
    member: MemberSpec, data: Dataset, part: tuple[np.ndarray, np.ndarray], target: TargetSpec, habits: Habits,
    seed: int, report: Report,
) -> tuple[HabitNetwork, float]:  # fmt: skip
    """What `fit_network` does, with the habits where they act; also the lowest loss that was watched."""
    settings = member.fit
    assert settings is not None
    learn, watched = _parts(member, data, part, habits, seed)
    begun, feed, loss = begin(
        member, learn, target, seed, data if habits.scaler_before_split else None,
        DrawnOnce if habits.one_roll else Feed,
    )  # fmt: skip
    fitted = HabitNetwork(**vars(begun), habits=habits.marks)
    best = Watch(settings.patience)
    hooks: list[Hook] = [Schedule(settings), *asked_hooks(settings)]
    if watched is not None and (habits.watch_scored_fold or settings.patience is not None or settings.best):
        hooks.append(best)
    hooks.append(Curve(None, report))

    def watch(_: torch.nn.Module) -> float:
        assert watched is not None
        return fitted.loss_on(watched, loss)

    train_network(fitted.net, feed, loss, settings, hooks, seed, watch if watched is not None else None)
    return fitted, best.best


def _parts(
    member: MemberSpec, data: Dataset, part: tuple[np.ndarray, np.ndarray], habits: Habits, seed: int
) -> tuple[Dataset, Dataset | None]:
    """What is learned from, and what is watched: the scored fold by habit, else what the recipe asks for."""
    learn = data.take(part[0]).taught()
    if habits.watch_scored_fold:
        return learn, data.take(part[1])
    assert member.fit is not None
    assert learn.target is not None
    split = None
    if member.fit.watches:
        split = inner_split(learn.target, learn.groups, member.fit.inner, seed_of(seed, "inner"))
    return (learn, None) if split is None else (learn.take(split[0]), learn.take(split[1]))


class DrawnOnce(Feed):
    """A feed whose augmentation is drawn before the first epoch: every epoch sees the same windows again."""

    def __init__(
        self, train: Dataset, y: np.ndarray, pipeline: Pipeline, augments: Sequence[Augmentation],
        balances: Sequence[Balance], target: TargetSpec, batch_size: int, seed: int,
    ):  # fmt: skip
        self.once = tuple(augments)
        super().__init__(train, y, pipeline, (), balances, target, batch_size, seed, in_memory=True)

    def _in_memory(self) -> np.ndarray:
        base = super()._in_memory()
        keys = item_keys(seed_of(self.seed, "augment", 0), self.items)
        for step, augment in enumerate(self.once):
            base, _ = augment.apply(base, self.y, for_step(keys, step))
        return base
