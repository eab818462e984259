"""All that is learned from out-of-fold rows: members' calibration, the ensemble, what follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from holdfast.data.by_rows import ByRows, changed, layered, merged, some
from holdfast.ensemble.base import Ensemble
from holdfast.ensemble.mean import Mean
from holdfast.ensemble.tested_mean import TestedMean
from holdfast.errors import BadInput
from holdfast.metrics.base import Metric
from holdfast.predict.base import Postprocess
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import ENSEMBLE

BLEND = "blend"  # the ensemble before its own postprocessing
Predictions = Mapping[str, Any]  # arrays `(n, …)`; of grids those whose rows are made when they are asked for


@dataclass(frozen=True)
class Chain:
    """From members' predictions to the ensemble's."""

    calibrate: dict[str, tuple[Postprocess, ...]]
    ensemble: Ensemble
    postprocess: tuple[Postprocess, ...]
    target: TargetSpec

    def fit(self, members: Predictions, truth: Any, fold: np.ndarray) -> FittedChain:
        """Learn from members' out-of-fold predictions `(n, …)`, each step from what the ones before it give."""
        learned, made = {}, {}
        for name, steps in self.calibrate.items():
            learned[name], made[name] = self._through(steps, members[name], truth)
        stacked = layered(list(made.values()))
        blended = self.ensemble.fit(*_taken(self.ensemble, stacked, truth), fold)
        after, _ = self._through(self.postprocess, _blend(self.ensemble, blended, stacked), truth)
        return FittedChain(self, learned, blended, after)

    def _through(self, steps: Sequence[Postprocess], predictions: Any, truth: Any) -> tuple[list[Any], Any]:
        learned: list[Any] = []
        for step in steps:
            learned.append(step.fit(*_taken(step, predictions, truth), self.target))
            predictions = _apply([step], learned[-1:], predictions)
        return learned, predictions


@dataclass(frozen=True)
class FittedChain:
    """A chain and what it learned."""

    chain: Chain
    calibration: dict[str, list[Any]]
    blended: Any
    after: list[Any]

    def predict(self, members: Predictions) -> dict[str, Any]:
        """Members' predictions calibrated, the blend, and the ensemble's last word."""
        chain = self.chain
        made = {
            name: _apply(steps, self.calibration[name], members[name])
            for name, steps in chain.calibrate.items()
        }
        blend = _blend(chain.ensemble, self.blended, layered(list(made.values())))
        return {**made, BLEND: blend, ENSEMBLE: _apply(chain.postprocess, self.after, blend)}

    def calibrated(self, name: str, predictions: Any) -> Any:
        """One member's predictions calibrated."""
        return _apply(self.chain.calibrate[name], self.calibration[name], predictions)


def _apply(steps: Sequence[Postprocess], learned: Sequence[Any], predictions: Any) -> Any:
    for step, held in zip(steps, learned, strict=True):
        predictions = changed(predictions, partial(step.apply, held))
    return predictions


def _blend(ensemble: Ensemble, learned: Any, members: Any) -> Any:
    return merged(members, partial(ensemble.predict, learned))


def _taken(learner: Ensemble | Postprocess, predictions: Any, truth: Any) -> tuple[Any, Any]:
    """What a component learns from, in memory unless it reads some rows at a time."""
    return (predictions, truth) if learner.by_rows else (np.asarray(predictions), np.asarray(truth))


def chain_of(recipe: Recipe, names: Sequence[str], target: TargetSpec) -> Chain:
    """The chain that a recipe asks for. Raises BadInput where a step does not suit the target."""
    given = {name: recipe.members[name].predict.calibrate for name in names}
    calibrate = {name: recipe.predict.calibrate if own is None else own for name, own in given.items()}
    ensemble = usual(target) if recipe.ensemble is None else recipe.ensemble
    assert isinstance(ensemble, Ensemble)
    metric = recipe.metric
    assert isinstance(metric, Metric)
    for step in (*recipe.predict.postprocess, *(step for steps in calibrate.values() for step in steps)):
        assert isinstance(step, Postprocess)
        if target.kind not in step.targets:
            raise BadInput(
                f"predict: {step.name} is for {' or '.join(sorted(step.targets))}, the target"
                f" {target.column!r} is {target.kind}"
            )
        step.check(target)
    return Chain(calibrate, suited(ensemble, metric, target), recipe.predict.postprocess, target)  # type: ignore[arg-type]


def usual(target: TargetSpec) -> Ensemble:
    """The ensemble where none is named."""
    return Mean() if target.kind == "grid" else TestedMean(blend="weighted_mean")


def suited(ensemble: Ensemble, metric: Metric, target: TargetSpec) -> Ensemble:
    """The ensemble that knows its metric. Raises BadInput where it does not serve the target."""
    if target.kind not in ensemble.targets:
        raise BadInput(
            f"ensemble: {ensemble.name} is for {' or '.join(sorted(ensemble.targets))}, the target"
            f" {target.column!r} is {target.kind}; mean serves every target"
        )
    return ensemble.for_metric(metric, target)


def cross_fitted(chain: Chain, members: Predictions, truth: Any, fold: np.ndarray) -> dict[str, Any]:
    """What a chain says of each fold's rows by what it learned from the other folds' rows.

    `members`: out-of-fold predictions `(n, …)`; `fold`: the fold of each row. Returns `FittedChain.predict`'s
    names, each `(n, …)`.
    """
    said: dict[str, list[Any]] = {}
    parts = [np.flatnonzero(fold == k) for k in np.unique(fold)]
    for here in parts:
        others = np.setdiff1d(np.arange(len(fold)), here, assume_unique=True)
        teach, ask = ({name: some(one, rows) for name, one in members.items()} for rows in (others, here))
        for name, made in chain.fit(teach, some(truth, others), fold[others]).predict(ask).items():
            said.setdefault(name, []).append(made)
    return {name: _in_place(made, parts) for name, made in said.items()}


def _in_place(made: Sequence[Any], parts: Sequence[np.ndarray]) -> Any:
    """What was made of each part's rows, in the order of all rows."""
    n, tail, dtype = sum(map(len, parts)), made[0].shape[1:], made[0].dtype
    part, place = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for number, rows in enumerate(parts):
        part[rows], place[rows] = number, np.arange(len(rows))

    def rows_at(rows: np.ndarray) -> np.ndarray:
        out = np.empty((len(rows), *tail), dtype=dtype)
        for number in np.unique(part[rows]):
            here = part[rows] == number
            out[here] = made[number][place[rows[here]]]
        return out

    return ByRows((n, *tail), rows_at) if isinstance(made[0], ByRows) else rows_at(np.arange(n))


def over_repeats(
    chain: Chain, members: Predictions, truth: Any, fold: np.ndarray
) -> tuple[list[FittedChain], dict[str, Any]]:
    """A chain for each repeat, fitted on all its rows, and the cross-fitted predictions of all repeats.

    `members`: out-of-fold predictions `(repeats, n, …)`; `fold`: `(repeats, n)`.
    """
    repeats = [{name: one[r] for name, one in members.items()} for r in range(len(fold))]
    learned = [chain.fit(held, truth, fold[r]) for r, held in enumerate(repeats)]
    said = [cross_fitted(chain, held, truth, fold[r]) for r, held in enumerate(repeats)]
    return learned, {name: layered([one[name] for one in said]) for name in said[0]}


def on_test(learned: Sequence[FittedChain], members: Predictions) -> dict[str, Any]:
    """Test predictions `(n, …)` by `FittedChain.predict`'s names: the mean over what each repeat's rows taught."""
    views = [one.predict(members) for one in learned]
    return {
        name: merged(layered([view[name] for view in views]), lambda each: each.mean(axis=0))
        for name in views[0]
    }


def told(learned: Sequence[FittedChain]) -> tuple[dict[str, Any], list[str]]:
    """What each repeat's ensemble learned from all its rows: facts to keep, and notes; none where it learns nothing."""
    facts: dict[str, Any] = {}
    notes = []
    for r, fitted in enumerate(learned):
        ensemble = fitted.chain.ensemble
        if held := ensemble.facts(fitted.blended, list(fitted.chain.calibrate)):
            facts[f"repeat-{r}"] = held
            which = f", repeat {r}" if len(learned) > 1 else ""
            notes.append(f"ensemble {ensemble.name}{which}: {ensemble.says(held)}")
    return ({ENSEMBLE: facts} if facts else {}), notes
