"""Are the verdicts of `holdfast ablate` to be trusted? Simulated ablations whose truth is known.

    python benchmarks/verdicts.py --jobs 2

Each ablation has a fresh simulated data set of 20 people (people.py), a learner of scikit-learn, and three variants
that take other columns than the base. With no effect the sets are exchangeable. With an effect the first variant's set
tells the class a little: the true difference is about two standard errors, the spread of the pooled difference over
simulated data sets. Folds are fitted by Holdfast's jobs; looks, stops and Holm's correction are those of
`holdfast.study.ablate_work`. `--whole N`: the first N also by `holdfast ablate` itself, in run folders, to be compared.

Beside it stands the habit: a paired t-test of the folds' scores, uncorrected, at the end or after every fold, each
variant by itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from kept import Kept
from people import simulate, write
from section import write_section
from table import table

from holdfast.engine.folder import settle
from holdfast.engine.inline import Inline
from holdfast.engine.job import Job, fit_job
from holdfast.engine.threads import limited
from holdfast.folds.table import Folds
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import wilson
from holdfast.metrics.paired import paired
from holdfast.metrics.verdict import ALPHA, CANT_TELL, HELPS, HURTS
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.store.atomic import write_text
from holdfast.store.hashes import hash_value
from holdfast.store.run import Run
from holdfast.study.ablate import ablate
from holdfast.study.ablate_changes import Variant, variants
from holdfast.study.ablate_folds import Clock, Shelf, Side, plan_of
from holdfast.study.ablate_work import Turns
from holdfast.train import Plan, prepare

TITLE = "How sure the verdicts are"
GROUPS, K, REPEATS = 20, 5, 3
METRICS = ("log_loss", "macro_f1")
LEARNERS: dict[str, Any] = {"lda": "lda", "logistic": "logistic", "knn": {"knn": {"n_neighbors": 30}}}
EFFECTS = {
    "lda": 0.75,
    "logistic": 0.75,
    "knn": 1.0,
}  # how far a set is shifted, for about two standard errors
SETS = {False: (1, 2, 3), True: (4, 2, 3)}  # that variants take in place of set 0: without and with an effect
WAYS = ("holdfast", "naive", "naive each fold")


def recipe_of(i: int, folder: Path) -> dict[str, Any]:
    """The recipe of simulation `i`, its data written to `folder`."""
    learner = list(LEARNERS)[i % len(LEARNERS)]
    effects = [EFFECTS[learner]]
    test = simulate(1, 10**6 + i, effects, each=3, name="t")  # a competition has one; it is not scored
    data = write(folder, simulate(GROUPS, i, effects), test)
    model = {"model": LEARNERS[learner], "select": {"one_set": {"number": 0}}}
    folds = {"kind": "stratified_group", "k": K, "repeats": REPEATS, "seed": i}
    return {
        "name": "simulated", "threads": 1, "seed": i, "data": data, "metric": METRICS[0], "folds": folds,
        "members": {learner: model},
    }  # fmt: skip


def swap(number: int) -> str:
    return f"select={{one_set: {{number: {number}}}}}"


@dataclass
class InMemory(Side):
    """A side of an ablation whose folds are fitted by Holdfast's jobs and kept in memory, not in a run folder."""

    made: dict[tuple[int, int], np.ndarray] = field(
        default_factory=dict
    )  # of each place, shared by all settings
    has: set[Job] = field(default_factory=set)

    def finished(self, job: Job) -> bool:
        return job in self.has

    def fetch(self, job: Job, shelf: Shelf) -> bool:
        """Every fold is at hand when its turn comes: it is fitted then, or was for another setting."""
        self.fit((job.repeat, job.fold))
        self.has.add(job)
        return True

    def fit(self, place: tuple[int, int]) -> np.ndarray:
        if place not in self.made:
            (member,), work = self.plan.work.members, self.plan.work
            fitted = fit_job(work, Job(member, *place), lambda event: None)
            self.made[place] = fitted.predict(work.train.take(work.folds.part(*place)[1]))
        return self.made[place]

    def _predictions(self, places: list[tuple[int, int]]) -> np.ndarray:
        """Of a single member, whose predictions are the ensemble's."""
        work = self.plan.work
        out = np.full((work.folds.repeats, len(work.train), work.target.n_classes), np.nan)
        for r, k in places:
            out[r, work.folds.part(r, k)[1]] = self.fit((r, k))
        alone = [r for r in range(len(out)) if sum(repeat == r for repeat, _ in places) < 2]
        out[alone] = np.nan
        return out

    def finish(self) -> None:
        return


class Simulation:
    """The ablations of one simulated data set: with and without an effect, by each metric, of one repeat and of three."""

    def __init__(self, i: int, folder: Path):
        self.i, self.folder = i, folder
        self.values = recipe_of(i, folder)
        self.plan = prepare(settle(load_recipe(self.values), folder / "a", 1, 1), folder)
        write_text(folder / "a" / "recipe.yaml", "")  # as a run folder has it; nothing is trained into it
        numbers = sorted({0, *SETS[False], *SETS[True]})
        asked = variants(self.plan.recipe, "table", [], [swap(n) for n in numbers if n], [])
        self.plans = {0: self.plan} | {
            n: plan_of(one.recipe, self.plan) for n, one in zip(numbers[1:], asked, strict=True)
        }
        self.named: dict[int, Variant] = dict(zip(numbers[1:], asked, strict=True))
        self.made: dict[int, dict[tuple[int, int], np.ndarray]] = {n: {} for n in numbers}

    def side(self, number: int, metric: str, repeats: int) -> InMemory:
        name = self.named[number].said if number else "base"
        plan = _cut(self.plans[number], metric, repeats)
        return InMemory(name, plan, Run(self.folder / "a"), made=self.made[number])

    def judged(self, effect: bool, metric: str, repeats: int) -> dict[str, Any]:
        """What each way says of the three variants, and the difference of the first over all folds."""
        base = self.side(0, metric, repeats)
        sides = {side.name: side for n in SETS[effect] for side in [self.side(n, metric, repeats)]}
        path, shelf, clock = self.folder / "a", Shelf(), Clock(None, 0.0, 0.0)
        looks: dict[str, tuple[int, ...]] = dict.fromkeys(sides, ())
        turns = Turns(
            path, base, dict(sides), set(sides), shelf, clock, None, looks, {}, Inline(), lambda event: None
        )
        # as `turns.go` does, without the file that it leaves after every fold
        for n in range(1, turns.total + 1):
            if len(turns.stopped) < len(sides):
                turns._round(n)
                if n in turns.planned:
                    turns._stop_what_is_clear(n)
        found = turns._result()
        every = [self._every_fold(base, side) for side in sides.values()]
        greater = base.plan.metric.greater_is_better
        return {
            "holdfast": [row.says.says for row in found.rows if row.says is not None],
            "naive": [naive(folds, (len(folds),), greater) for _, folds in every],
            "naive each fold": [naive(folds, range(2, len(folds) + 1), greater) for _, folds in every],
            "difference": (1 if greater else -1) * every[0][0],
            "folds": [row.folds for row in found.rows],
            "stopped": [row.stopped for row in found.rows],
        }

    def _every_fold(self, base: InMemory, side: InMemory) -> tuple[float, np.ndarray]:
        """The pooled difference and that of each fold, all folds trained."""
        work, total = base.plan.work, len(base.places)
        assert work.train.target is not None
        found = paired(base.plan.metric, work.train.target, side.predictions(total), base.predictions(total),
                       work.folds.fold)  # fmt: skip
        return found.difference, np.array(found.per_fold)

    def whole(self, effect: bool, metric: str) -> dict[str, Any]:
        """The same by `holdfast ablate` in run folders, one repeat."""
        given = self.values | {"metric": metric, "folds": self.values["folds"] | {"repeats": 1}}
        out = self.folder / f"whole-{effect}-{metric}"
        found = ablate(given, swap=[swap(n) for n in SETS[effect]], output=out)
        return {
            "holdfast": [row.says.says for row in found.rows if row.says is not None],
            "folds": [row.folds for row in found.rows],
            "stopped": [row.stopped for row in found.rows],
        }


def _cut(plan: Plan, name: str, repeats: int) -> Plan:
    """The plan with the first repeats of its folds, by another metric."""
    metric, folds = parse("metric", name), plan.work.folds
    assert isinstance(metric, Metric)
    first = Folds(folds.fold[:repeats], folds.left_out[:repeats], folds.how)
    return replace(plan, metric=metric, work=replace(plan.work, folds=first))


def naive(folds: np.ndarray, looks: Sequence[int], greater_is_better: bool) -> str:
    """The word of a paired t-test of the folds' differences at the first look where its p is at most .05.

    >>> naive(np.array([0.1, 0.2, 0.15]), (3,), True), naive(np.array([0.1, 0.2, -0.15]), (3,), True)
    ('helps', "can't tell")
    """
    from scipy.stats import t

    for n in looks:
        error = folds[:n].std(ddof=1) / np.sqrt(n)
        if error > 0 and abs(folds[:n].mean()) >= t.ppf(1 - ALPHA / 2, n - 1) * error:
            return HELPS if (folds[:n].mean() > 0) == greater_is_better else HURTS
    return CANT_TELL


def key_of(effect: bool, metric: str, repeats: int) -> str:
    return f"{'effect' if effect else 'none'} {metric} {repeats}"


SETTINGS = [(effect, metric, r) for effect in (False, True) for metric in METRICS for r in (1, REPEATS)]


def measured(i: int, whole: bool) -> dict[str, Any]:
    """All settings on simulation `i`; `whole`: those of one repeat through run folders, too."""
    from sklearn import config_context

    quick = config_context(assume_finite=True, skip_parameter_validation=True)
    with tempfile.TemporaryDirectory() as there, limited(1), quick:
        one = Simulation(i, Path(there))
        said = {key_of(*setting): one.judged(*setting) for setting in SETTINGS}
        row = {
            "mark": mark_of(i, whole),
            "simulation": i,
            "learner": next(iter(one.values["members"])),
            "said": said,
        }
        if whole:
            row["whole"] = {key_of(e, m, 1): one.whole(e, m) for e, m, r in SETTINGS if r == 1}
    return row


def mark_of(i: int, whole: bool) -> str:
    return hash_value([i, whole, EFFECTS[list(LEARNERS)[i % len(LEARNERS)]], GROUPS, K, REPEATS])


def share(hits: Sequence[bool]) -> str:
    """A share in percent, with Wilson's interval.

    >>> share([True] + [False] * 99)
    '1.0 % [0.2, 5.4]'
    """
    low, high = wilson(float(np.mean(hits)), len(hits))
    return f"{100 * np.mean(hits):.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def without_effect(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    """A line for each metric and number of repeats: ablations in which any variant is said to help or hurt."""
    for effect, metric, repeats in SETTINGS:
        if not effect:
            held = [row["said"][key_of(effect, metric, repeats)] for row in rows]
            alarms = [share([set(one[way]) != {CANT_TELL} for one in held]) for way in WAYS]
            yield [metric, str(repeats), *alarms]


def with_effect(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    """A line for each metric and number of repeats: the first variant is said to help; anything else is said."""
    for effect, metric, repeats in SETTINGS:
        if effect:
            held = [row["said"][key_of(effect, metric, repeats)] for row in rows]
            power = [share([one[way][0] == HELPS for one in held]) for way in WAYS]
            wrong = [
                share([one[way][0] == HURTS or set(one[way][1:]) != {CANT_TELL} for one in held])
                for way in WAYS
            ]
            size = f"{standard_errors(rows, key_of(effect, metric, repeats)):.1f}"
            yield [metric, str(repeats), size, *power, *wrong]


def standard_errors(rows: list[dict[str, Any]], key: str) -> float:
    """The mean difference in units of its standard deviation over simulated data sets, the mean over learners."""
    of: dict[str, list[float]] = {}
    for row in rows:
        of.setdefault(row["learner"], []).append(row["said"][key]["difference"])
    return float(
        np.mean([np.mean(one) / np.std(one, ddof=1) for one in of.values() if len(one) > 1] or [np.nan])
    )


def report(rows: list[dict[str, Any]]) -> str:
    calm = table(["metric", "repeats", "Holdfast", "t-test at the end", "t-test after every fold"],
                 list(without_effect(rows)))  # fmt: skip
    told = table(
        ["metric", "repeats", "effect in SE", *(f"{what}: {way}" for what in ("power", "false alarms")
                                              for way in ("Holdfast", "t-test at the end", "after every fold"))],
        list(with_effect(rows)),
    )  # fmt: skip
    both = [(row["whole"][key], row["said"][key]) for row in rows if "whole" in row for key in row["whole"]]
    same = sum(all(one[name] == other[name] for name in one) for one, other in both)
    early = [n < K for row in rows for n in row["said"][key_of(True, METRICS[0], 1)]["folds"]]
    lines = [
        f"{len(rows)} simulated data sets of {GROUPS} people, {K} folds; 3 variants; {', '.join(LEARNERS)} in turn.",
        "No effect: share of ablations in which any variant is said to help or to hurt.\n",
        calm,
        "\nAn effect in one variant of three. Power: it is said to help; false alarms: it is said to hurt, or another"
        " to do either.\n",
        told,
        f"\nStopped before the last fold ({METRICS[0]}, one repeat, with an effect): {share(early)} of variants.",
    ]
    if both:
        lines.append(
            f"By `holdfast ablate` in run folders: {same} of {len(both)} ablations say and stop the same."
        )
    return "\n".join(lines)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--simulations", type=int, default=400, help="simulated data sets")
    add("--whole", type=int, default=10, help="of which so many also through `holdfast ablate`")
    add("--jobs", type=int, default=1, help="processes")
    add("--out", type=Path, default=Path("runs/bench"), help="folder of finished simulations")
    add("--write", type=Path, help="page whose section is written")
    return parser.parse_args()


def main() -> None:
    said = options()
    kept = Kept(said.out / "verdicts.jsonl")
    asked = [(i, i < said.whole) for i in range(said.simulations)]
    waiting = [one for one in asked if mark_of(*one) not in kept.rows]
    with ProcessPoolExecutor(said.jobs) as pool:
        for row in pool.map(measured, *zip(*waiting)) if waiting else ():
            kept.keep(row)
            print(f"simulation {row['simulation'] + 1} of {said.simulations}", file=sys.stderr, flush=True)
    text = report([kept.rows[mark_of(*one)] for one in asked])
    print(text)
    if said.write:
        write_section(said.write, TITLE, text)


if __name__ == "__main__":
    main()
