"""How often do the intervals of scores hold the score on people whom nobody has seen?

    python benchmarks/intervals.py --har FOLDER

Simulated: data of 8, 15 and 30 people (people.py), five folds of whole people, LDA. The truth is known: each fold's
model is scored on 1,000 other people (each data set's own thousand, for one thousand's luck would be everybody's), and
the mean over the folds is what the pooled out-of-fold score estimates.
A covered one lies within Holdfast's 95 % interval, as `train` writes it into `scores.json`.

`--har`: a real table with people; they are divided at random into known and unseen, again and again. The unseen are
few, so that their score has its own spread, and fewer of them lie within than 95 %.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kept import Kept
from people import CLASSES, TELLING, WIDTH, simulate
from section import write_section
from table import table

from holdfast.data.base import DataSpec
from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Work, fit_job
from holdfast.engine.threads import limited
from holdfast.fit.resolved import resolve
from holdfast.folds.table import make_folds
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import LEVEL, mean_score, resampled, units_of, wilson
from holdfast.oof.scores import member_scores
from holdfast.plan.answers import Answers
from holdfast.plan.new import new
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_value

TITLE = "How often the intervals hold the truth"
PEOPLE = (8, 15, 30)
OTHERS, BLOCKS = 1000, 20  # simulated people by whom the truth is known, in so many blocks that take turns
METRICS = ("accuracy", "macro_f1", "log_loss")
KNOWN = 2 / 3  # of the people of a real table
K = 5
TARGET = TargetSpec(kind="classes", column="label", names=CLASSES)


@dataclass(frozen=True)
class Folded:
    """Five folds: the pooled out-of-fold score of each metric with its interval, and what they say of other people."""

    scores: dict[str, Any]
    plain: dict[str, tuple[float, float]]  # the uncorrected percentile interval
    others: list[np.ndarray]  # of each fold's model


def metrics() -> list[Metric]:
    return [one for name in METRICS for one in [parse("metric", name)] if isinstance(one, Metric)]


def folded(train: Dataset, others: Dataset, target: TargetSpec, seed: int) -> Folded:
    """LDA over five folds of whole people, by Holdfast's jobs."""
    from sklearn import config_context

    values = {
        "name": "coverage",
        "threads": 1,
        "seed": seed,
        "metric": METRICS[0],
        "members": {"lda": {"model": "lda"}},
    }
    recipe = load_recipe(values | {"folds": {"kind": "stratified_group", "k": K, "seed": seed}})
    folds = make_folds(recipe.folds, train, target, Path())  # type: ignore[arg-type]
    work = Work({"lda": resolve(recipe, "lda", train, target)}, train, None, target, folds, seed, 1, "")
    oof, said = np.empty((1, len(train), target.n_classes)), []
    for k in range(K):
        with limited(1), config_context(assume_finite=True, skip_parameter_validation=True):
            fitted = fit_job(work, Job("lda", 0, k), lambda event: None)
            rows = folds.part(0, k)[1]
            oof[0, rows] = fitted.predict(train.take(rows))
            said.append(fitted.predict(others))
    return Folded(member_scores(work, metrics(), oof), uncorrected(train, oof[0], seed), said)


def uncorrected(train: Dataset, oof: np.ndarray, seed: int) -> dict[str, tuple[float, float]]:
    """The plain percentile interval of each metric, of the same resamples."""
    units, made = units_of(len(train), train.groups), {}
    for metric in metrics():
        parts = metric.parts(np.asarray(train.target), oof)
        assert parts is not None
        draws = mean_score(metric, resampled([parts], units, seed))
        low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        made[metric.key] = (float(low), float(high))
    return made


def row_of(mark: str, got: Folded, truths: dict[str, float], **more: Any) -> dict[str, Any]:
    told = {name: [got.scores[name][end] for end in ("low", "high")] for name in METRICS}
    return {"mark": mark, "interval": told, "plain": got.plain, "truth": truths, **more}


def dataset(people: int, seed: int) -> Dataset:
    """Simulated people with the columns that tell and one set of noise."""
    frame = simulate(people, seed)
    X = frame[[f"x{i}" for i in range(TELLING + WIDTH)]].to_numpy(dtype=np.float32)
    y = pd.Categorical(frame["label"], CLASSES).codes.astype(np.int64)
    names = tuple(f"x{i}" for i in range(X.shape[1]))
    return Dataset("table", frame["id"].to_numpy(), X, names, target=y, groups=frame["subject"].to_numpy())


def simulated(people: int, i: int, population: Dataset) -> dict[str, Any]:
    """One simulated data set, its intervals and its true scores, by a block of the population."""
    size = len(population) // BLOCKS
    others = population.take(np.arange(size) + size * (i % BLOCKS))
    got = folded(dataset(people, 1000 * people + i), others, TARGET, i)
    truths = {
        metric.key: float(np.mean([metric.score(np.asarray(others.target), one) for one in got.others]))
        for metric in metrics()
    }
    return row_of(mark_of(people, i), got, truths)


def mark_of(people: int, i: int) -> str:
    return hash_value(["simulated", people, i, OTHERS, BLOCKS])


def real(folder: Path) -> tuple[Dataset, TargetSpec]:
    """The training part of a competition folder with groups."""
    with tempfile.TemporaryDirectory() as there:
        new(folder, "fast", Path(there) / "data.yaml", Answers(metric=METRICS[0]))
        spec = load_recipe(Path(there) / "data.yaml").data
        assert isinstance(spec, DataSpec)
        loaded = spec.load(Path(there))
    if loaded.train.groups is None or loaded.target.kind != "classes":
        sys.exit(f"error: {folder}: expected classes and a group column")
    return loaded.train, loaded.target


def divided(data: Dataset, target: TargetSpec, split: int) -> dict[str, Any]:
    """One random division of people into known and unseen: the interval of the known, the score of the unseen."""
    assert data.groups is not None
    people = np.random.default_rng(split).permutation(np.unique(data.groups))
    known = np.isin(data.groups, people[: round(KNOWN * len(people))])
    unseen = data.take(np.flatnonzero(~known))
    got = folded(data.take(np.flatnonzero(known)), unseen, target, split)
    y = np.asarray(unseen.target)
    truths = {one.key: float(np.mean([one.score(y, said) for said in got.others])) for one in metrics()}
    return row_of(hash_value(["real", data.fingerprint, split]), got, truths)


def lines(rows: list[dict[str, Any]], *first: str) -> list[list[str]]:
    """A line for each metric: how many truths lie within, below and above, how wide the interval is."""
    made = []
    for name in METRICS:
        truth = np.array([row["truth"][name] for row in rows])
        low, high = np.array([row["interval"][name] for row in rows]).T
        inside = (low <= truth) & (truth <= high)
        ends = wilson(float(inside.mean()), len(rows))
        plain_low, plain_high = np.array([row["plain"][name] for row in rows]).T
        plainly = (plain_low <= truth) & (truth <= plain_high)
        made.append(
            [
                *first, name, f"{truth.mean():.3f}",
                f"{100 * inside.mean():.1f} % [{100 * ends[0]:.1f}, {100 * ends[1]:.1f}]",
                f"{100 * (truth < low).mean():.1f} %", f"{100 * (truth > high).mean():.1f} %",
                f"{(high - low).mean():.3f}", f"{100 * plainly.mean():.1f} %", f"{(plain_high - plain_low).mean():.3f}",
            ]
        )  # fmt: skip
    return made


COLUMNS = ("metric", "true score, mean", "within the interval", "below", "above", "mean width",
           "plain percentile", "its width")  # fmt: skip


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--simulations", type=int, default=400, help="simulated data sets of each number of people")
    add("--har", type=Path, help="a competition folder of a table with a group column")
    add("--splits", type=int, default=100, help="random divisions of its people")
    add("--out", type=Path, default=Path("runs/bench"), help="folder of finished parts")
    add("--write", type=Path, help="page whose section is written")
    return parser.parse_args()


def main() -> None:
    said = options()
    kept, made = Kept(said.out / "coverage.jsonl"), []
    population = dataset(OTHERS * BLOCKS, 10**9)
    for people in PEOPLE:
        for i in range(said.simulations):
            if mark_of(people, i) not in kept.rows:
                kept.keep(simulated(people, i, population))
        print(f"{people} people: done", file=sys.stderr, flush=True)
        made += lines([kept.rows[mark_of(people, i)] for i in range(said.simulations)], str(people))
    text = f"{said.simulations} simulated data sets of each number of people, {K} folds, LDA.\n\n"
    text += table(["people", *COLUMNS], made)
    if said.har:
        data, target = real(said.har)
        marks = [hash_value(["real", data.fingerprint, split]) for split in range(said.splits)]
        for split, mark in enumerate(marks):
            if mark not in kept.rows:
                kept.keep(divided(data, target, split))
                print(f"division {split + 1} of {said.splits}", file=sys.stderr, flush=True)
        many = len(np.unique(data.groups))
        known = round(KNOWN * many)
        text += (
            f"\n\n{said.har.resolve().name}: {said.splits} random divisions of {many} people into {known} known and"
            f" {many - known} unseen. The interval is that of the known; the truth is the score on the unseen.\n\n"
        ) + table(COLUMNS, lines([kept.rows[mark] for mark in marks]))
    print(text)
    if said.write:
        write_section(said.write, TITLE, text)


if __name__ == "__main__":
    main()
