"""Finished runs beside the first of them: paired over the same folds, with verdicts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.errors import BadInput
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import LEVEL
from holdfast.metrics.paired import Paired, paired
from holdfast.metrics.verdict import ALPHA, ROPE_SHARE, Verdict, verdicts
from holdfast.oof.grid_scores import grid_parts
from holdfast.recipe.registry import load_user_components, parse
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import TargetSpec, encode
from holdfast.store.atomic import write_json
from holdfast.store.hashes import hash_value
from holdfast.store.ledger.moments import now, said
from holdfast.store.notebook import VERDICT_HEAD, line, table, verdict_cells
from holdfast.store.run import COMPARISONS, ENSEMBLE, Run
from holdfast.study.run_data import data_of


@dataclass(frozen=True)
class Compared:
    """Runs against the first: each score, the difference and what it says."""

    runs: tuple[str, ...]
    member: str
    metric: str
    greater_is_better: bool
    values: tuple[float, ...]
    rope: float
    rope_how: str
    found: tuple[Paired, ...]  # of every run but the first
    says: tuple[Verdict, ...]

    def plain(self) -> dict[str, Any]:
        """Plain values, to keep."""
        rows = zip(self.runs[1:], self.values[1:], self.found, self.says, strict=True)
        return {
            "first": {"run": self.runs[0], "value": self.values[0]},
            "member": self.member,
            "metric": self.metric,
            "greater_is_better": self.greater_is_better,
            "alpha": ALPHA,
            "rope_how": self.rope_how,
            "compared": [
                {"run": run, "value": value, **found.plain(), **says.plain()}
                for run, value, found, says in rows
            ],
        }

    def _repr_html_(self) -> str:
        """How Jupyter shows it."""
        told = self.plain()
        rows = [[self.runs[0], f"{self.values[0]:.4f}", *[""] * len(VERDICT_HEAD)]]
        rows += [[one["run"], f"{one['value']:.4f}", *verdict_cells(one)] for one in told["compared"]]
        better = "higher" if self.greater_is_better else "lower"
        return (
            line(f"{self.member}, {self.metric} ({better} is better), each run against the first")
            + table(["run", "score", *VERDICT_HEAD], rows, (1, 2, 3, 4))
            + line(f"a difference up to {self.rope:.4g} counts as none ({self.rope_how})")
        )


class SummedParts(Metric):
    """A metric of what each row adds to it, `(n, d)` in place of predictions; grids are far larger than these."""

    of: Metric

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        return prediction

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return self.of.combine(sums)


def compare(
    paths: Sequence[str | Path], member: str = ENSEMBLE, rope: float | None = None, data: Path | None = None
) -> Compared:
    """Compare finished runs with the first by a member's out-of-fold predictions, by default the ensemble's.

    `rope`: half the width of the region of practical equivalence, by default a tenth of the width of the first
    run's 95 % interval. `data`: the folder of the data, read for grids only, where they have moved. Raises BadInput
    where the runs' ids, truth, folds or metric differ.
    """
    runs = [Run(path) for path in paths]
    if len(runs) < 2:
        raise BadInput("compare: expected two runs or more, the first of which the others are compared with")
    first, metric = runs[0], metric_of(runs[0])
    orders = [np.arange(len(first.oof)), *(order_of(first, run) for run in runs[1:])]
    for run in runs:
        there = list(run.scores["members"])
        if member not in there:
            raise BadInput(f"--member: {run.path} has no member {member!r}; {nearest(member, there)}")
    told = [run.scores["members"][member][metric.key] for run in runs]
    rope, how = default_rope(told[0]["low"], told[0]["high"]) if rope is None else (rope, "as asked for")
    folds = first.oof["fold"].to_numpy().reshape(repeats_of(first), -1)
    by, truth, said = _sides(runs, orders, member, metric, data)
    found = [paired(by, truth, one, said[0], folds) for one in said[1:]]
    k = len(np.unique(folds[0]))
    return Compared(
        tuple(str(run.path) for run in runs), member, metric.key, metric.greater_is_better,
        tuple(one["value"] for one in told), rope, how, tuple(found),
        tuple(verdicts(found, metric.greater_is_better, rope, k)),
    )  # fmt: skip


def keep(found: Compared) -> Path:
    """Write a comparison to `comparisons/` of the first run, with paths relative to it; the same is not written twice."""
    told, first = found.plain(), Path(found.runs[0])
    told["first"]["run"] = "."
    for one in told["compared"]:
        one["run"] = os.path.relpath(Path(one["run"]).resolve(), first.resolve())
    file = first / COMPARISONS / f"{hash_value(told)}.json"
    if not file.is_file():
        write_json(file, {"made": said(now()), **told})
    return file


def default_rope(low: float, high: float) -> tuple[float, str]:
    """A difference that is lost in how unsure the score itself is: a share of its interval's width; and how it came.

    It has the metric's own unit, whatever that is. A score without an interval has no such region.
    """
    width = high - low
    said = f"{ROPE_SHARE:g} of the width of the first score's {LEVEL:.0%} interval"
    return (ROPE_SHARE * width, said) if np.isfinite(width) else (0.0, "none: the score has no interval")


def metric_of(run: Run) -> Metric:
    """The metric of a run's recipe, which may be a component of the user's."""
    files = [
        run.path / run.environment.get("recipe_folder", ".") / file
        for file in run.recipe.get("components") or ()
    ]
    load_user_components([file.resolve() for file in files])
    metric = parse("metric", run.recipe["metric"])
    assert isinstance(metric, Metric)
    return metric


def repeats_of(run: Run) -> int:
    """How often a run's folds were drawn."""
    return int(run.oof["repeat"].max()) + 1


def order_of(first: Run, other: Run) -> np.ndarray:
    """The rows of `other`'s table in the order of the first's. Raises BadInput where the two cannot be paired."""
    pair = f"{first.path} and {other.path}"
    if first.recipe["metric"] != other.recipe["metric"]:
        raise BadInput(
            f"{pair} have other metrics: {first.recipe['metric']} and {other.recipe['metric']};"
            " compare runs of one metric"
        )
    if first.scores["target"] != other.scores["target"]:
        raise BadInput(f"{pair} predict other targets: {first.scores['target']} and {other.scores['target']}")
    if repeats_of(first) != repeats_of(other):
        raise BadInput(
            f"{pair} have other folds: {repeats_of(first)} and {repeats_of(other)} repeats; train both with equal"
            " folds.repeats"
        )
    one, two = (run.oof.set_index(["repeat", "id"]) for run in (first, other))
    lacking = one.index.symmetric_difference(two.index)
    if len(lacking):
        raise BadInput(
            f"{pair} have other ids: {lacking[0][1]!r} is in one of them only ({len(lacking)} such rows);"
            " compare runs on the same training samples"
        )
    order = two.index.get_indexer(one.index)
    for column, todo in (("truth", "the labels have changed"), ("fold", "train both on the same folds file")):
        differ = np.flatnonzero(one[column].to_numpy() != two[column].to_numpy()[order])
        if len(differ):
            i = differ[0]
            values = f"{one[column].iloc[i]!s} and {two[column].iloc[order[i]]!s}"
            raise BadInput(
                f"{pair} have other {'truth' if column == 'truth' else 'folds'}: id {one.index[i][1]!r} has {values}"
                f" ({len(differ)} such rows); {todo}"
            )
    return np.asarray(order)


def _sides(
    runs: list[Run], orders: list[np.ndarray], member: str, metric: Metric, data: Path | None
) -> tuple[Metric, np.ndarray, list[np.ndarray]]:
    """What is scored, by what: truth `(n,)` and predictions `(repeats, n, …)`; of grids what each row adds."""
    index, repeats = runs[0].oof, repeats_of(runs[0])
    n, target = len(index) // repeats, TargetSpec.model_validate(runs[0].scores["target"])
    if target.kind != "grid":
        said = [run.predictions(member)[order] for run, order in zip(runs, orders, strict=True)]
        truth = truth_of(index["truth"].iloc[:n], target)
        return metric, truth, [one.reshape(repeats, n, *one.shape[1:]) for one in said]
    held, parts = data_of(runs[0], data), []
    for run, order in zip(runs, orders, strict=True):
        if not np.array_equal(order, np.arange(len(order))):
            raise BadInput(
                f"{runs[0].path} and {run.path} have their samples in other orders; grids are compared as they lie"
            )
        made = np.load(run.path / f"oof-{member}.npy", mmap_mode="r")
        forecasts = {member: made.reshape(repeats, n, *made.shape[1:])}
        parts.append(grid_parts(held.train, [metric], forecasts, floors=False)[member, metric.key])
    return SummedParts(of=metric), np.zeros(n), parts


def truth_of(column: pd.Series, target: TargetSpec) -> np.ndarray:
    """Class codes, or values, of what a run's table has as truth."""
    return encode(column, target.names) if target.kind == "classes" else column.to_numpy(dtype=float)
