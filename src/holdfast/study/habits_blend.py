"""A learned second level scored on the rows that it was learned from, beside the same cross-fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from holdfast.ensemble.base import Ensemble
from holdfast.ensemble.chain import Chain, FittedChain, over_repeats, suited, told
from holdfast.metrics.base import Metric
from holdfast.oof.table import truth_of
from holdfast.recipe.registry import parse
from holdfast.train import Plan

NAME = "blend_on_same_rows"
SAYS = "blend weights on the same OOF rows: they, and calibration, are scored on what they were learned from"
NOTHING = "one member, and no calibration: nothing is learned from OOF rows"
LEARNED = ("weighted_mean", "caruana")


@dataclass(frozen=True)
class SameRows:
    """What a second level claims on its own rows, what it says cross-fitted `(repeats, n, …)`, and which it is."""

    claims: float
    honest: np.ndarray
    note: str


def blend_on_same_rows(plan: Plan, raw: Mapping[str, np.ndarray], who: str) -> SameRows | None:
    """The learned blend that claims most on its own rows; None where nothing is learned from them.

    `raw`: members' out-of-fold predictions `(repeats, n, …)`, before calibration; `who`: whose score.
    """
    if len(raw) < 2 and not any((*plan.chain.calibrate.values(), plan.chain.postprocess)):
        return None
    truth, fold = truth_of(plan.work), plan.work.folds.fold
    best: SameRows | None = None
    for chain in _chains(plan, len(raw)):
        learned, crossed = over_repeats(chain, raw, truth, fold)
        value = _on_own_rows(plan.metric, learned, raw, truth, who)
        if best is None or (value > best.claims if plan.metric.greater_is_better else value < best.claims):
            best = SameRows(value, crossed[who], _said(chain, learned))
    return best


def _chains(plan: Plan, members: int) -> list[Chain]:
    """The recipe's chain with each learned blend in its ensemble's place; of one member as it is."""
    if members < 2:
        return [plan.chain]
    blends = [cast("Ensemble", parse("ensemble", name)) for name in LEARNED]
    return [replace(plan.chain, ensemble=suited(one, plan.metric, plan.work.target)) for one in blends]


def _on_own_rows(
    metric: Metric, learned: list[FittedChain], raw: Mapping[str, np.ndarray], truth: np.ndarray, who: str
) -> float:
    scores = [
        metric.score(truth, one.predict({name: said[r] for name, said in raw.items()})[who])
        for r, one in enumerate(learned)
    ]
    return float(np.mean(scores))


def _said(chain: Chain, learned: list[FittedChain]) -> str:
    notes = told(learned)[1] or ["calibration"]
    return f"{NAME}: {'; '.join(notes)}; its honest figure is that of the same, cross-fitted"
