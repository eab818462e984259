"""What the habits of a published contest recipe claim, and what they get on people kept out: one table.

    python benchmarks/habits.py FOLDER [--each] [--epochs 15] [--folds-used 4] [--width 128]

FOLDER holds windows with gaps and a group column, as `motion-gaps` does. Every fourth of its people (of the
ids sorted as text) is kept out of everything. On the others two recipes are trained: the published one with
all its habits (`holdfast.study.habits`), and the same one without any. `--each` adds those that lack one
habit. The table gives the score that each reports of itself, its score on the people kept out (the mean of
its folds' networks), and the gap.

The defaults take a quarter of an hour or a little more on two cores: 4 of 10 folds, 15 epochs. Folds are
kept in OUT as they come; the same command again goes on after the last one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from table import table

from holdfast.data.base import DataSpec
from holdfast.data.dataset import Dataset
from holdfast.engine.threads import cores, limited
from holdfast.errors import BadInput
from holdfast.fit.precision import chosen_precision
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import score_with_interval
from holdfast.oof.scores import metrics_of
from holdfast.plan.answers import Answers
from holdfast.plan.new import new
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_value
from holdfast.study.habits import ALL, Claim, Habits, claim, claimed

KEPT_OUT = slice(3, None, 4)  # of the sorted people: every fourth, five of 21
SHOWN = ("log_loss", "macro_f1")
WATCHED = {"schedule": "plateau", "patience": 10, "best": True}
FIXED = {"schedule": "cosine", "patience": None, "best": False}  # nothing is watched: epochs are fixed


@dataclass(frozen=True)
class Variant:
    """The recipe with some of its habits."""

    name: str
    habits: Habits

    def recipe(self, said: argparse.Namespace, largest: str) -> Recipe:
        """Third place's recipe; a plateau and early stopping need something to watch, and go with that habit."""
        fit = {
            "epochs": said.epochs, "batch_size": 64, "lr": 1e-3, "optimizer": "nadam",
            "precision": chosen_precision("auto"), **(WATCHED if self.habits.watch_scored_fold else FIXED),
        }  # fmt: skip
        copies = {"except": [largest], "times": 1, "roll": True, "noise": 0.03}
        values = {
            "name": "habits",
            "threads": said.threads,
            "metric": "log_loss",
            "folds": {"kind": "stratified_group", "k": said.folds, "seed": 0},
            "prepare": ["interpolate", "derivative", "integral", "standardize"],
            "balance": [{"oversample": copies}],
            "augment": ["roll"],
            "members": {"conv": {"model": {"conv_residual": {"width": said.width}}, "fit": fit}},
        }
        return load_recipe(values)


def variants(each: bool) -> list[Variant]:
    """All habits; with `each`, all but one; none."""
    lacking = [
        Variant(f"published, without {name}", ALL.model_copy(update={name: False})) for name in ALL.marks
    ]
    return [Variant("published", ALL), *(lacking if each else []), Variant("honest", Habits())]


@dataclass(frozen=True)
class Rows:
    """The people that train, and those kept out of everything."""

    train: Dataset
    unseen: Dataset
    target: TargetSpec
    hashes: dict[str, str]  # of the files that were read

    @property
    def largest(self) -> str:
        assert self.train.target is not None
        return self.target.names[int(np.bincount(self.train.target).argmax())]

    @property
    def kept_out(self) -> list[str]:
        assert self.unseen.groups is not None
        return [str(name) for name in np.unique(self.unseen.groups)]


def read(folder: Path, out: Path) -> Rows:
    """The training part of a folder, its people divided by the rule. Raises BadInput."""
    new(folder, "fast", out / "data.yaml", Answers(metric="log_loss"), force=True)
    spec = load_recipe(out / "data.yaml").data
    assert isinstance(spec, DataSpec)
    loaded = spec.load(out)
    data = loaded.train
    if data.kind != "windows" or data.groups is None:
        raise BadInput(f"{folder}: expected windows with a group column")
    kept = np.isin(data.groups, np.unique(data.groups)[KEPT_OUT])
    return Rows(
        data.take(np.flatnonzero(~kept)), data.take(np.flatnonzero(kept)), loaded.target, loaded.hashes
    )


class Store:
    """OUT/NAME.jsonl, a row a fold, and its predictions beside it."""

    def __init__(self, out: Path, name: str):
        self.file, self.folder = out / f"{name}.jsonl", out / name
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.is_file() else []
        self.rows: dict[str, dict[str, Any]] = {}
        for line in lines:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # a kill cut it; its fold is trained again
            self.rows[row["mark"]] = row

    def keep(self, row: dict[str, Any], **predictions: np.ndarray) -> None:
        np.savez(self.folder / f"{row['mark']}.npz", **predictions)  # type: ignore[arg-type]
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows[row["mark"]] = row

    def predictions(self, mark: str) -> dict[str, np.ndarray]:
        with np.load(self.folder / f"{mark}.npz") as held:
            return {name: held[name] for name in held.files}


def train_fold(variant: Variant, recipe: Recipe, rows: Rows, k: int, mark: str, store: Store) -> None:
    """One fold of one variant, to a row."""
    epochs: list[int] = []
    started = time.perf_counter()

    def tell(event: dict[str, Any]) -> None:
        epochs.append(event["epoch"])
        done, all_of_them = event["epoch"] + 1, event["epochs"]
        print(f"{variant.name}, fold {k}: epoch {done} of {all_of_them}", file=sys.stderr, flush=True)

    made: Claim = claim(recipe, "conv", rows.train, rows.target, variant.habits, [k], tell)
    seconds = time.perf_counter() - started
    with limited(recipe.threads or cores()):
        unseen = made.predict(rows.unseen)
    scored = np.flatnonzero(made.folds.fold[0] == k)
    row = {
        "mark": mark, "variant": variant.name, **made.plain(), "fold": k, "epochs": len(epochs),
        "seconds": round(seconds, 1), "recipe": recipe.written(),
    }  # fmt: skip
    store.keep(row, rows=scored, oof=made.oof[scored], unseen=unseen)


def measured(variant: Variant, said: argparse.Namespace, rows: Rows, store: Store) -> list[str]:
    """Train what is not there yet; the variant's line of the table."""
    recipe = variant.recipe(said, rows.largest)
    truth, unseen_truth = rows.train.target, rows.unseen.target
    assert truth is not None
    assert unseen_truth is not None
    oof = np.full((len(rows.train), rows.target.n_classes), np.nan)
    unseen, lowest, seconds, epochs = [], {}, 0.0, []
    for k in range(said.folds_used):
        of = [recipe.written(), variant.habits.marks, rows.hashes, rows.kept_out, k]
        mark = hash_value(of)
        if mark not in store.rows or said.again:
            train_fold(variant, recipe, rows, k, mark, store)
        row, held = store.rows[mark], store.predictions(mark)
        oof[held["rows"]] = held["oof"]
        unseen.append(held["unseen"])
        lowest |= row["lowest"]
        seconds, epochs = seconds + row["seconds"], [*epochs, row["epochs"]]
    metric = recipe.metric
    assert isinstance(metric, Metric)
    reports = claimed(metrics_of(metric, rows.target), truth, oof, lowest)
    cells = [variant.name, ", ".join(variant.habits.marks) or "none"]
    for name in SHOWN:
        one = parse("metric", name)
        assert isinstance(one, Metric)
        got = score_with_interval(one, unseen_truth, [np.mean(unseen, axis=0)], rows.unseen.groups)
        cells += [f"{reports[name]:.4f}", str(got), f"{got.value - reports[name]:+.4f}"]
    return [*cells, "–".join(sorted({str(min(epochs)), str(max(epochs))}, key=int)), f"{seconds:.0f}"]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="a competition folder of windows with a group column")
    add("--each", action="store_true", help="also the recipe without each habit by itself")
    add("--epochs", type=int, default=15, help="the most, where the scored fold is watched")
    add("--folds", type=int, default=10, help="folds that the data are split in")
    add("--folds-used", type=int, default=4, help="folds that are trained, the first ones")
    add("--width", type=int, default=128, help="filters of each convolution")
    add("--threads", type=int, default=cores(), help="processor threads")
    add("--out", type=Path, default=Path("runs/bench"), help="folder of rows and predictions")
    add("--again", action="store_true", help="train anew what is there")
    said = parser.parse_args()
    if not 1 <= said.folds_used <= said.folds:
        parser.error(f"--folds-used {said.folds_used}: expected 1 to {said.folds}, the number of --folds")
    return said


def main() -> None:
    said = options()
    said.out.mkdir(parents=True, exist_ok=True)
    try:
        rows = read(said.folder, said.out)
        store = Store(said.out, "habits")
        lines = [measured(variant, said, rows, store) for variant in variants(said.each)]
    except BadInput as error:
        sys.exit(f"error: {error}")
    people = len(np.unique(rows.train.groups))
    print(
        f"{said.folder.resolve().name}: {people} people train ({len(rows.train)} windows),"
        f" {len(rows.kept_out)} are kept out ({', '.join(rows.kept_out)}; {len(rows.unseen)} windows)"
    )
    print(
        f"conv_residual width {said.width}, {said.epochs} epochs at most, {said.folds_used} of {said.folds} folds,"
        f" {said.threads} threads, {chosen_precision('auto')}; oversampled: all classes but {rows.largest}\n"
    )
    columns = [text for name in SHOWN for text in (f"{name} claimed", "on people kept out", "gap")]
    print(table(["recipe", "habits", *columns, "epochs", "seconds"], lines))
    print(
        "\ngap: kept out less claimed; log_loss: lower is better, macro_f1: higher. Intervals: over the people kept out"
    )


if __name__ == "__main__":
    main()
