"""The common habits: on which members of a recipe each can act, and the work with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from holdfast.balance.oversample import Oversample
from holdfast.data.dataset import Dataset
from holdfast.engine.job import Work
from holdfast.errors import BadInput
from holdfast.fit.resolved import MemberSpec
from holdfast.folds.splitters import Stratified
from holdfast.folds.table import Folds, make_folds
from holdfast.keys import seed_of
from holdfast.models.base import Network
from holdfast.prepare.base import Preparation
from holdfast.prepare.pipeline import Pipeline
from holdfast.store.hashes import hash_arrays, hash_value
from holdfast.store.run import Run
from holdfast.study.habits import Habits
from holdfast.study.habits_work import BOOSTERS, HabitWork, rounds_of


class Habit(ABC):
    """One habit. `says`: what it is; `nothing`: what to say where it can act on no member."""

    name: ClassVar[str]
    says: ClassVar[str]
    nothing: ClassVar[str]
    while_fitted: ClassVar[Habits] = Habits()

    def refuse(self, members: Iterable[MemberSpec]) -> None:
        """Raises BadInput for members that it is not measured on."""
        for member in members if self.while_fitted.marks else ():
            if member.labels is not None:
                raise BadInput(
                    f"labels: {self.name} is measured with all labels as they are; leave it out, or name other"
                    " habits with --only"
                )
            if member.fit is not None and (member.fit.pretrain is not None or member.start is not None):
                raise BadInput(
                    f"members.{member.name}.fit: {self.name} is not measured on networks that start from other"
                    " weights; leave pretrain and init_from out, or name other habits with --only"
                )

    @abstractmethod
    def touched(self, work: Work) -> list[str]:
        """The members that it can act on."""

    def work(self, work: Work, honest: Run) -> HabitWork:
        """The work with it, of the members that it can act on; `honest`: the run without it."""
        return self._made(work, honest=honest.path.absolute())

    def _made(self, work: Work, **over: Any) -> HabitWork:
        held = {field.name: getattr(work, field.name) for field in fields(Work)}
        held["members"] = {name: work.members[name] for name in self.touched(work)}
        # test predictions would be of no use
        return HabitWork(**{**held, "test": None, "mark": self.name, "acts": self.while_fitted, **over})


class RandomFolds(Habit):
    name = "random_folds"
    says = "random folds: stratified by sample, groups and time ignored"
    nothing = "neither groups nor an order are known"

    def touched(self, work: Work) -> list[str]:
        known = work.train.groups is not None or work.train.order is not None
        return list(work.members) if known else []

    def work(self, work: Work, honest: Run) -> HabitWork:
        blind = replace(work.train, groups=None, order=None)
        seed = work.folds.how.get("seed", 0)
        splitter = Stratified(k=work.folds.k, repeats=work.folds.repeats, seed=seed)
        return self._made(work, folds=make_folds(splitter, blind, work.target, Path()))


class WatchScoredFold(Habit):
    name = "watch_scored_fold"
    says = "watching the scored fold: the epoch, or the round, that is best on it"
    nothing = "no member is a network with epochs or a booster with rounds to choose among"
    while_fitted = Habits(watch_scored_fold=True)

    def touched(self, work: Work) -> list[str]:
        return [name for name, member in work.members.items() if self._chooses(member)]

    def _chooses(self, member: MemberSpec) -> bool:
        if isinstance(member.model, Network):
            assert member.fit is not None
            return member.fit.epochs > 1
        return isinstance(member.model, BOOSTERS) and rounds_of(member.model) > 1


class OversampleBeforeSplit(Habit):
    name = "oversample_before_split"
    says = "oversampling before the split: copies of smaller classes on both sides, in place of balance"
    nothing = "the classes are of one size, or there are none"

    def touched(self, work: Work) -> list[str]:
        return list(work.members) if len(self._copies(work)) else []

    def work(self, work: Work, honest: Run) -> HabitWork:
        copies, n = self._copies(work), len(work.train)
        folds = np.stack([self._dealt(work, copies, r) for r in range(work.folds.repeats)])
        made = self._made(
            work,
            train=work.train.take(np.concatenate([np.arange(n), copies])),
            folds=Folds(folds, work.folds.left_out, {**work.folds.how, "habits": [self.name]}),
            data_mark=hash_value([work.data_mark, hash_arrays(copies)]),
        )
        return replace(made, members={name: replace(one, balance=()) for name, one in made.members.items()})

    def _copies(self, work: Work) -> np.ndarray:
        """Rows to copy: up to the largest class's count, or until the data are twice as many."""
        y = work.train.target
        if work.target.kind != "classes":
            return np.empty(0, dtype=np.int64)
        assert y is not None
        counts = np.bincount(y)
        goals = np.arange(1, counts.max() + 1)
        there = counts[counts > 0]
        goal = goals[np.maximum(goals[:, None] - there, 0).sum(axis=1) <= len(y)].max()
        plain = Oversample(share=min(1.0, (goal + 0.5) / counts.max()), roll=False, noise=0.0)
        made = plain.extra(np.arange(len(y)), y, work.target, seed_of(work.seed, self.name))
        return np.empty(0, dtype=np.int64) if made is None else made[2]

    def _dealt(self, work: Work, copies: np.ndarray, repeat: int) -> np.ndarray:
        """The fold of each row: samples keep theirs, the copies of each class are dealt over all folds at random."""
        assert work.train.target is not None
        rng, y = np.random.default_rng(seed_of(work.seed, self.name, repeat)), work.train.target[copies]
        fold = np.empty(len(copies), dtype=np.int64)
        for code in np.unique(y):
            mine = np.flatnonzero(y == code)
            fold[mine] = rng.permutation(np.arange(len(mine)) % work.folds.k)
        return np.concatenate([work.folds.fold[repeat], fold])


class ScalerBeforeSplit(Habit):
    name = "scaler_before_split"
    says = "scaler on everything: what prepare learns, and the scale of features, from all rows"
    nothing = "no member learns a scale, or what prepare learns is the same from all rows"
    while_fitted = Habits(scaler_before_split=True)

    def touched(self, work: Work) -> list[str]:
        return [
            name
            for name, member in work.members.items()
            if member.features or _learns(member.prepare, work.train, work.folds)
        ]


def _learns(steps: Sequence[Preparation], data: Dataset, folds: Folds) -> bool:
    """Whether steps make something else of the scored rows once they have seen these."""
    whole = Pipeline(steps, data.kind, data.names)
    if not any(hasattr(step, "partial_fit") or hasattr(step, "fit") for step in whole.transformers):
        return False
    whole.fit(data)
    for r, k in product(range(folds.repeats), range(folds.k)):
        learn, scored = folds.part(r, k)
        part = Pipeline(steps, data.kind, data.names).fit(data.take(learn))
        for raw in data.take(scored).chunks():
            if not np.array_equal(part.transform(raw), whole.transform(raw), equal_nan=True):
                return True
    return False


HABITS: Sequence[Habit] = (RandomFolds(), WatchScoredFold(), OversampleBeforeSplit(), ScalerBeforeSplit())
