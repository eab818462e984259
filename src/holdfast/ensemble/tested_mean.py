"""The mean of members that are not shown to be worse than the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, cast

import numpy as np
from pydantic import Field, PrivateAttr

from holdfast.ensemble.base import Ensemble
from holdfast.ensemble.of_metric import OfMetric, gain
from holdfast.metrics.base import Metric
from holdfast.metrics.paired import Paired, holm, paired
from holdfast.metrics.verdict import HELPS, HURTS, says
from holdfast.predict.base import mean_of_views
from holdfast.recipe.registry import component, parse
from holdfast.recipe.target import TargetSpec


@dataclass(frozen=True)
class Choice:
    """The best member, those of the mean, and of each other member the test against the best with Holm's p."""

    best: int
    kept: list[int]
    tests: dict[int, tuple[Paired, float]]


@dataclass(frozen=True)
class Decision:
    """Whose mean it is, how a learned blend compares with it, and what the blend learned where it helps."""

    choice: Choice
    metric: str
    against: Paired | None
    helps: bool
    learned: Any


@component("tested_mean")
class TestedMean(OfMetric):
    """The mean of the members that the paired test does not find worse than the best one, by the recipe's metric.

    Corrected resampled t-test over the folds (Nadeau and Bengio 2003), Holm's p of all members together, at 5 %.
    Where a recipe names no ensemble it is this one, with `blend: weighted_mean`.
    With `blend`, that ensemble of all members takes the mean's place where the same test, on cross-fitted
    predictions of both, finds it better.
    """

    __test__: ClassVar[bool] = False  # no test class, whatever its name
    blend: Literal["weighted_mean", "caruana", "stacking"] | None = Field(
        None,
        description="a learned ensemble that takes the mean's place where the paired test says that it helps",
    )
    average: Literal["probabilities", "logits"] = Field(
        "probabilities", description="how classes are averaged; logits: the geometric mean of probabilities"
    )
    _learner: Ensemble | None = PrivateAttr(None)

    def for_metric(self, metric: Metric, target: TargetSpec) -> Self:
        known = super().for_metric(metric, target)
        if self.blend is not None:
            known._learner = cast("Ensemble", parse("ensemble", self.blend)).for_metric(metric, target)
        return known

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Decision:
        metric = self.metric_for(predictions)
        choice = chosen(metric, predictions, truth, folds)
        if self.blend is None or len(predictions) < 2 or len(np.unique(folds)) < 2:
            return Decision(choice, metric.key, None, False, None)
        learner = self._blend()
        mean, blended = self._both(learner, metric, predictions, truth, folds)
        against = paired(metric, truth, blended[None], mean[None], folds[None])
        helps = says(against, against.p, metric.greater_is_better) == HELPS
        learned = learner.fit(predictions, truth, folds) if helps else None
        return Decision(choice, metric.key, against, helps, learned)

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        if learned.helps:
            return self._blend().predict(learned.learned, predictions)
        return self._mean(predictions[learned.choice.kept])

    def _mean(self, predictions: np.ndarray) -> np.ndarray:
        return mean_of_views(list(predictions), self.average)

    def _both(
        self, learner: Ensemble, metric: Metric, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The tested mean and the blend of each fold's rows, by what the other folds' rows say, `(n, …)` each."""
        mean, blended = np.empty(predictions.shape[1:]), np.empty(predictions.shape[1:])
        for k in np.unique(folds):
            here = folds == k
            rest = predictions[:, ~here], truth[~here], folds[~here]
            mean[here] = self._mean(predictions[chosen(metric, *rest).kept][:, here])
            blended[here] = learner.predict(learner.fit(*rest), predictions[:, here])
        return mean, blended

    def _blend(self) -> Ensemble:
        return self._learner or cast("Ensemble", parse("ensemble", self.blend))

    def facts(self, learned: Any, members: Sequence[str]) -> dict[str, Any]:
        if len(members) == 1:
            return {}
        choice = learned.choice
        made: dict[str, Any] = {
            "metric": learned.metric,
            "best": members[choice.best],
            "mean_of": [members[m] for m in choice.kept],
            "to_the_best": {members[m]: {**_plain(one), "p_holm": p} for m, (one, p) in choice.tests.items()},
        }
        if learned.against is not None:
            told = self._blend().facts(learned.learned, members) if learned.helps else {}
            made["blend"] = {
                "name": self.blend, "helps": learned.helps, "to_the_mean": _plain(learned.against), **told
            }  # fmt: skip
        return made

    def says(self, facts: dict[str, Any]) -> str:
        kept, metric = facts["mean_of"], facts["metric"]
        said = f"the {'geometric ' * (self.average == 'logits')}mean of {', '.join(kept)} (best: {facts['best']})"
        out = [
            f"{name} ({metric} {_figure(one)}, p {one['p_holm']:.2g} by Holm)"
            for name, one in facts["to_the_best"].items()
            if name not in kept
        ]
        if out:
            said += f"; left out as worse than the best: {', '.join(out)}"
        elif len(kept) > 1:
            said += "; the paired test finds no member worse than the best"
        if (blend := facts.get("blend")) is not None:
            figures = (
                f"{metric} {_figure(blend['to_the_mean'])} to the mean, p {blend['to_the_mean']['p']:.2g}"
            )
            how = "takes its place" if blend["helps"] else "is not shown to help and stays out"
            said += f"; {blend['name']} {how}: {figures}"
        return said


def chosen(metric: Metric, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Choice:
    """Whom the mean is of, from `(members, n, …)`. One fold alone has no spread to test by: all members."""
    members = range(len(predictions))
    best = int(np.argmax([gain(metric, truth, one) for one in predictions]))
    others = [m for m in members if m != best]
    if not others or len(np.unique(folds)) < 2:
        return Choice(best, list(members), {})
    against = predictions[best][None]
    tests = [paired(metric, truth, predictions[m][None], against, folds[None]) for m in others]
    adjusted = holm(np.array([one.p for one in tests]))
    held = {m: (one, float(p)) for m, one, p in zip(others, tests, adjusted)}
    worse = {m for m, (one, p) in held.items() if says(one, p, metric.greater_is_better) == HURTS}
    return Choice(best, [m for m in members if m not in worse], held)


def _plain(one: Paired) -> dict[str, float | None]:
    """What is kept of a test; None where two folds' scores are too few for an interval."""
    told = {"difference": one.difference, "low": one.low, "high": one.high, "p": one.p}
    return {name: float(value) if np.isfinite(value) else None for name, value in told.items()}


def _figure(one: dict[str, Any]) -> str:
    if one["low"] is None:
        return f"{one['difference']:+.4f}"
    return f"{one['difference']:+.4f} [{one['low']:+.4f}, {one['high']:+.4f}]"
