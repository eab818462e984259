"""Random windows against events, the same model: what the score claims, and what it is. One table.

    python benchmarks/frames_split.py FOLDER [--unit '0.01 mm/h'] [--epochs 4] [--folds-used 4] [--out runs/bench-split]

FOLDER holds radar frames with a group column (events), as `holdfast new` reads it. Every third of its events (of
their names sorted as text) is kept out of everything. On the others a U-Net is trained twice: on folds of single
windows, where windows of the same minutes are in the training part (groups ignored), and on folds of whole events.
The table gives the score that each claims out of fold, the score of the mean of its folds' networks on the events
kept out, and the gap; persistence, which learns nothing, stands below and shows what the two sets of events
themselves make of it.

Folds are kept in OUT as they come; the same command again goes on after the last one.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from habits import Store
from table import table

from holdfast.data.base import DataSpec
from holdfast.data.dataset import Dataset
from holdfast.engine.threads import cores, limited
from holdfast.errors import BadInput
from holdfast.fit.member import fit_member
from holdfast.fit.precision import chosen_precision
from holdfast.fit.resolved import resolve
from holdfast.folds.base import Splitter
from holdfast.folds.table import Folds, make_folds
from holdfast.keys import seed_of
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import score_with_interval
from holdfast.plan.answers import Answers
from holdfast.plan.new import new
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_value

KEPT_OUT = slice(2, None, 3)  # of the sorted events: every third
WINDOWS, EVENTS = "random windows", "events"
SPLITTERS = {WINDOWS: "stratified", EVENTS: "stratified_group"}
SHOWN: tuple[Any, ...] = ("mae", {"csi": {"threshold": 1.0}}, "mae_csi")
TEST = ("test", "test_frames", "sample")  # fields of data that a score of the training part does without


@dataclass(frozen=True)
class Experiment:
    """The recipe, the events that train, and those kept out of everything."""

    recipe: Recipe
    train: Dataset
    unseen: Dataset
    target: TargetSpec
    hashes: dict[str, str]

    @property
    def kept_out(self) -> list[str]:
        assert self.unseen.groups is not None
        return [str(name) for name in np.unique(self.unseen.groups)]

    def folds(self, kind: str, k: int) -> Folds:
        """Folds of single windows, as if nothing were known of events and times; or of whole events."""
        blind = replace(self.train, groups=None, order=None)
        splitter = parse("folds", {"kind": SPLITTERS[kind], "k": k, "seed": 0})
        assert isinstance(splitter, Splitter)
        return make_folds(splitter, blind if kind == WINDOWS else self.train, self.target, Path())


def read(said: argparse.Namespace) -> Experiment:
    """Raises BadInput where the folder does not suit."""
    answers = Answers(metric="mae", unit=said.unit, group=said.group)
    new(said.folder, "fast", said.out / "data.yaml", answers, force=True)
    data = load_recipe(said.out / "data.yaml").written()["data"]
    fit = {
        "epochs": said.epochs, "batch_size": 16, "lr": 2e-3, "optimizer": "adamw", "schedule": "one_cycle",
        "precision": chosen_precision("auto"),
    }  # fmt: skip
    recipe = load_recipe({
        "name": "split", "metric": "mae", "folds": {"kind": "stratified_group"}, "threads": said.threads,
        "data": {key: value for key, value in data.items() if key not in TEST},
        "members": {"unet": {"model": {"unet": {"width": said.width}}, "loss": "mae", "fit": fit}},
    })  # fmt: skip
    assert isinstance(recipe.data, DataSpec)
    loaded = recipe.data.load(said.out)
    events = loaded.train.groups
    if loaded.train.kind != "frames" or events is None or len(np.unique(events)) < 3:
        raise BadInput(f"{said.folder}: expected frames with a group column of three events or more")
    kept = np.isin(events, np.unique(events)[KEPT_OUT])
    seen, unseen = (loaded.train.take(np.flatnonzero(rows)) for rows in (~kept, kept))
    return Experiment(recipe, seen, unseen, loaded.target, loaded.hashes)


def train_fold(given: Experiment, kind: str, folds: Folds, k: int, mark: str, store: Store) -> None:
    """One fold of one kind of folds: forecasts of what it scores, and of the events kept out."""
    started = time.perf_counter()

    def tell(event: dict[str, Any]) -> None:
        print(
            f"{kind}, fold {k}: epoch {event['epoch'] + 1} of {event['epochs']}", file=sys.stderr, flush=True
        )

    member = resolve(given.recipe, "unet", given.train, given.target)
    threads = given.recipe.threads or cores()
    learn, scored = folds.part(0, k)
    with limited(threads):
        fitted = fit_member(
            member, given.train.take(learn), given.target, seed_of(0, "unet", 0, k), threads, tell
        )
        oof, unseen = fitted.predict(given.train.take(scored)), fitted.predict(given.unseen)
    seconds = round(time.perf_counter() - started, 1)
    row = {"mark": mark, "folds": kind, "fold": k, "seconds": seconds, "recipe": given.recipe.written()}
    store.keep(row, rows=scored, oof=oof, unseen=unseen)


def forecasts(given: Experiment, kind: str, said: argparse.Namespace, store: Store) -> tuple[np.ndarray, ...]:
    """Rows that were scored, their forecasts out of fold, and the mean forecast for the events kept out."""
    folds = given.folds(kind, said.k)
    rows, oof, unseen = [], [], []
    for k in range(min(said.folds_used or said.k, said.k)):
        mark = hash_value([given.recipe.written(), given.hashes, given.kept_out, kind, folds.hash, k])
        if mark not in store.rows or said.again:
            train_fold(given, kind, folds, k, mark, store)
        held = store.predictions(mark)
        rows.append(held["rows"])
        oof.append(held["oof"])
        unseen.append(held["unseen"])
    return np.concatenate(rows), np.concatenate(oof), np.mean(unseen, axis=0)


def line(given: Experiment, name: str, rows: np.ndarray, oof: np.ndarray, unseen: np.ndarray) -> list[str]:
    """A line of the table: claim, score on the events kept out, gap, for each metric."""
    cells = [name]
    truth, truth_unseen = given.train.read_grids(rows), given.unseen.read_grids()
    for entry in SHOWN:
        metric = parse("metric", entry)
        assert isinstance(metric, Metric)
        claim = metric.score(truth, oof)
        got = score_with_interval(metric, truth_unseen, [unseen], given.unseen.groups)
        gap = got.value - claim  # none where both never reach the threshold: mae_csi is infinite then
        cells += [f"{claim:.4f}", str(got), f"{gap:+.4f}" if np.isfinite(gap) else "–"]
    return cells


def lines(given: Experiment, said: argparse.Namespace, store: Store) -> list[list[str]]:
    made = [line(given, kind, *forecasts(given, kind, said, store)) for kind in SPLITTERS]
    everything = np.arange(len(given.train))
    leads = given.target.outputs
    last, last_unseen = (
        np.repeat(data.read()[:, -1:], leads, axis=1) for data in (given.train, given.unseen)
    )
    return [*made, line(given, "(persistence)", everything, np.nan_to_num(last), np.nan_to_num(last_unseen))]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="a folder of radar frames with a group column, the events")
    add("--unit", help="what one stands for in the files, as '0.01 mm/h'")
    add("--group", help="the column of events, where `holdfast new` should not guess it")
    add("--epochs", type=int, default=4, help="of each fold")
    add("--width", type=int, default=8, help="filters of the U-Net's first level")
    add("--k", type=int, default=4, help="folds, at most as many as there are events left")
    add("--folds-used", type=int, help="folds that are trained, the first ones; by default all")
    add("--threads", type=int, default=cores(), help="processor threads")
    add("--out", type=Path, default=Path("runs/bench-split"), help="folder of the recipe, rows and forecasts")
    add("--again", action="store_true", help="train anew what is there")
    return parser.parse_args()


def main() -> None:
    said = options()
    said.out.mkdir(parents=True, exist_ok=True)
    try:
        given = read(said)
        assert given.train.groups is not None
        events = len(np.unique(given.train.groups))
        said.k = min(said.k, events)
        made = lines(given, said, Store(said.out, "split"))
    except BadInput as error:
        sys.exit(f"error: {error}")
    print(
        f"{said.folder.resolve().name}: {events} events train ({len(given.train)} samples), {len(given.kept_out)} are"
        f" kept out ({', '.join(given.kept_out)}; {len(given.unseen)} samples); unet width {said.width}, {said.epochs}"
        f" epochs, {min(said.folds_used or said.k, said.k)} of {said.k} folds, {said.threads} threads\n"
    )
    keys = [getattr(parse("metric", entry), "key", str(entry)) for entry in SHOWN]
    columns = [text for key in keys for text in (f"{key} claimed", "on events kept out", "gap")]
    print(table(["folds of", *columns], made))
    print(
        "\ngap: kept out less claimed; mae and mae_csi: lower is better, csi: higher. Intervals: over the events kept out"
    )
    print(
        "the gap of persistence is that of the events themselves: those kept out may have more rain or less"
    )


if __name__ == "__main__":
    main()
