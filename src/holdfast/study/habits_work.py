"""A fold trained with a habit: what is fitted is marked, and nothing of it can be loaded as a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Report, Work
from holdfast.fit.estimator import FittedEstimator, fit_estimator
from holdfast.fit.member import Fitted, load_fitted
from holdfast.keys import seed_of
from holdfast.metrics.classes import LogLoss
from holdfast.metrics.real import Mse
from holdfast.models.base import Network
from holdfast.models.boosting import CatBoost, Coded, LightGBM, XGBoost
from holdfast.recipe.registry import Component
from holdfast.store.hashes import hash_value
from holdfast.store.run import Run, RunFolder
from holdfast.study.habits import Habits, fit_with_habits

BOOSTERS = (LightGBM, XGBoost, CatBoost)
LOOKS = 40  # numbers of rounds that are scored on the watched fold


NONE = Habits()


@dataclass(frozen=True)
class HabitWork(Work):
    """Work whose folds are trained with the habit `mark`; `acts`: what it does while a member is fitted.

    `honest`: the run whose boosters are cut where the scored fold is watched.
    """

    mark: str = ""
    acts: Habits = NONE
    honest: Path | None = None

    def hash(self, job: Job) -> str:
        return hash_value([super().hash(job), self.mark])

    def fit(self, job: Job, report: Report, **where: Any) -> Fitted:
        """Fit the job's member with the habit."""

        def tell(event: dict[str, Any]) -> None:
            report({"habits": [self.mark], **event})

        return Marked(self._fitted(job, tell, where), (self.mark,))

    def _fitted(self, job: Job, report: Report, where: dict[str, Any]) -> Fitted:
        member, part = self.members[job.member], self.folds.part(job.repeat, job.fold)
        seed = seed_of(self.seed, job.member, job.repeat, job.fold)
        if not self.acts.marks:
            return super().fit(job, report, **where)
        if isinstance(member.model, Network):
            return fit_with_habits(member, self.train, part, self.target, self.acts, seed, report)[0]
        if self.acts.scaler_before_split:
            learn = self.train.take(part[0]).taught()
            return fit_estimator(member, learn, self.target, seed, self.threads, seen=self.train)
        assert self.honest is not None
        fitted = load_fitted(Run(self.honest).fold_folder(job.member, job.repeat, job.fold))
        assert isinstance(fitted, FittedEstimator)
        return cut(fitted, member.model, self.train.take(part[1]))


@dataclass(frozen=True)
class Marked:
    """A fitted member that says which habits made it. It is not kept."""

    fitted: Fitted
    habits: tuple[str, ...]

    @property
    def facts(self) -> dict[str, Any]:
        return {**self.fitted.facts, "habits": list(self.habits)}

    def predict(self, data: Dataset) -> np.ndarray:
        return self.fitted.predict(data)

    def save(self, folder: Path) -> None:
        """Nothing: what a habit made is not to be taken for a model."""


class HabitFolder(RunFolder):
    """Folds trained with a habit. No run: it has no recipe, and its folds are marked."""

    def has(self, work: HabitWork, job: Job) -> bool:
        """Whether an equal job is finished."""
        facts = self.done(job.member, job.repeat, job.fold)
        return facts is not None and facts["hash"] == work.hash(job)

    def mark_done(self, member: str, repeat: int, fold: int, facts: dict[str, Any]) -> None:
        super().mark_done(member, repeat, fold, {"habits": [self.path.name], **facts})


def rounds_of(model: Component) -> int:
    """How many rounds a booster has."""
    return int(getattr(model, "iterations" if isinstance(model, CatBoost) else "n_estimators", 1))


def cut(fitted: FittedEstimator, model: Component, watched: Dataset) -> FittedEstimator:
    """A booster of so many rounds as the watched fold has the lowest loss with: early stopping on what is scored."""
    assert watched.target is not None
    table = fitted.table(fitted.pipeline.before(watched.read()))
    loss = LogLoss() if fitted.head.target.kind == "classes" else Mse()
    counts = np.unique(np.linspace(1, rounds_of(model), LOOKS).round().astype(int))
    made = [
        replace(fitted, estimators=tuple(Rounds(one, model, int(count)) for one in fitted.estimators))
        for count in counts
    ]
    losses = [loss.score(watched.target, one.said(table)) for one in made]
    return made[int(np.argmin(losses))]


class Rounds:
    """The first rounds of a fitted booster."""

    def __init__(self, estimator: Any, model: Component, count: int):
        self.whole, self.estimator = (
            estimator,
            estimator.estimator if isinstance(estimator, Coded) else estimator,
        )
        self.classes_ = getattr(estimator, "classes_", np.arange(2))
        asked: dict[str, dict[str, Any]] = {
            "lightgbm": {"num_iteration": count},
            "xgboost": {"iteration_range": (0, count)},
            "catboost": {"ntree_end": count},
        }
        self.only = asked[model.name]

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.estimator.predict(X, **self.only))

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        if len(self.classes_) == 1:
            return np.asarray(self.whole.predict_proba(X))
        return np.asarray(self.estimator.predict_proba(X, **self.only))
