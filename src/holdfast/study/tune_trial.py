"""One trial: a run, fold by fold, that ends early where the pruner says so."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from optuna import Trial, TrialPruned

from holdfast.engine.inline import Inline
from holdfast.engine.job import Job, Work
from holdfast.keys import seed_of
from holdfast.metrics.base import Metric
from holdfast.oof.scores import score_so_far
from holdfast.oof.table import gather
from holdfast.recipe.schema import Recipe
from holdfast.store.run import ENSEMBLE, Run
from holdfast.study.tune_samplers import OF_EPOCHS
from holdfast.train import train

Report = Callable[[dict[str, Any]], None]


def run_trial(recipe: Recipe, engine: FoldByFold, folder: Path, base: Path, threads: int) -> float:
    """Train and score a trial's recipe in its folder: the pooled out-of-fold score of the recipe's metric.

    Raises TrialPruned.
    """
    run = train(recipe.untracked(), folder, engine=engine, threads=threads, base=base, accept=None)
    return float(run.scores["members"][ENSEMBLE][engine.metric.key]["value"])


class FoldByFold:
    """An engine that finishes fold after fold, all members of each, and tells the pruner how it goes.

    Across folds (wilcoxon): the score of each fold, in an order that the trial draws, so that no fold decides
    always. Within them (median, hyperband): the loss of each epoch, on the inner split where there is one, else
    on the training part; the order is then the same in each trial, so that like is compared with like. Of
    members without epochs it is the score of each fold.
    """

    def __init__(self, trial: Trial, recipe: Recipe, pruner: str, place: int):
        assert isinstance(recipe.metric, Metric)
        self.trial, self.metric, self.pruner = trial, recipe.metric, pruner
        self.order = seed_of(recipe.seed, "tune", "folds", place)
        self.sign = -1.0 if self.metric.greater_is_better else 1.0  # of a loss beside scores that are to grow

    def run(self, work: Work, jobs: Sequence[Job], run: Run, report: Report) -> Iterator[Job]:
        """Yield each job as it ends. Raises TrialPruned."""
        epochs_before = 0
        networks = {name: spec.fit.epochs for name, spec in work.members.items() if spec.fit is not None}
        by_epochs = self.pruner in OF_EPOCHS and bool(networks)
        for step, mine in self._folds(work):
            for job in mine:
                if job in jobs:
                    told = self._told(report, epochs_before) if by_epochs else report
                    yield from Inline().run(work, [job], run, told)
                epochs_before += networks.get(job.member, 0)
            if not by_epochs and self.pruner != "none":
                self._compare(self._score(work, run, mine), step)

    def _folds(self, work: Work) -> list[tuple[int, list[Job]]]:
        """Jobs by fold, with the fold's number over all repeats, in the order of this trial."""
        folds: dict[int, list[Job]] = {}
        for job in work.jobs():
            folds.setdefault(job.repeat * work.folds.k + job.fold, []).append(job)
        order = sorted(folds.items())
        if self.pruner == "wilcoxon":
            random.Random(self.order).shuffle(order)
        return order

    def _told(self, report: Report, before: int) -> Report:
        """What a job reports, with the losses of its epochs told to the pruner."""

        def tell(event: dict[str, Any]) -> None:
            report(event)
            if event["event"] == "epoch":
                watched = event["watch_loss"]
                loss = event["train_loss"] if math.isnan(watched) else watched
                self._compare(self.sign * loss, before + int(event["epoch"]))

        return tell

    def _score(self, work: Work, run: Run, jobs: list[Job]) -> float:
        """The mean of the members' scores on one fold."""
        scores = [score_so_far(work, self.metric, gather(work, run, [job])).value for job in jobs]
        return sum(scores) / len(scores)

    def _compare(self, value: float, step: int) -> None:
        self.trial.report(value, step)
        if self.trial.should_prune():
            raise TrialPruned
