"""What folds that tear persons apart would claim, attribute by attribute: photo folds beside person folds. One table.

    python benchmarks/leak.py FOLDER [--epochs 20] [--folds-used 5] [--out runs/bench-leak]

FOLDER holds pictures with a group column (persons) and several of each, as `masks` does. The recipe is what
`holdfast new` writes for it (preset fast), its network alone, trained twice: on folds of photos, where other
photos of the same person are in the training part (groups ignored, `holdfast.study.habits`), and on folds of
persons. What differs between the two is what the network knows of the persons.

Folds are kept in OUT as they come; the same command again goes on after the last one.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fast_network import fast_network
from habits import Store
from table import table

from holdfast.data.base import DataSpec
from holdfast.data.dataset import Dataset
from holdfast.engine.threads import cores
from holdfast.errors import BadInput
from holdfast.fit.precision import chosen_precision
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import Score, score_with_interval
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.store.hashes import hash_value
from holdfast.study.habits import Habits, claim

PHOTOS, PERSONS = "photo folds", "person folds"
KINDS = {PHOTOS: Habits(folds_ignore_groups=True), PERSONS: Habits()}
SHOWN = ("macro_f1", "accuracy")


@dataclass(frozen=True)
class Experiment:
    """The recipe, its network's name, and the pictures."""

    recipe: Recipe
    member: str
    train: Dataset
    target: TargetSpec
    hashes: dict[str, str]

    @property
    def k(self) -> int:
        return int(getattr(self.recipe.folds, "k", 5))

    @property
    def parts(self) -> list[tuple[str, Attribute | None]]:
        """The class, and each of its attributes, by name."""
        return [("class", None), *((one.name, one) for one in self.target.attributes)]


def read(said: argparse.Namespace) -> Experiment:
    """Raises BadInput where the folder does not suit."""
    name, values = fast_network(said.folder, said.out, said.k, said.epochs, said.threads, said.model)
    recipe = load_recipe(values)
    assert isinstance(recipe.data, DataSpec)
    loaded = recipe.data.load(said.out)
    if loaded.train.groups is None:
        raise BadInput(f"{said.folder}: expected a group column, whose persons folds may tear apart")
    made = Experiment(recipe, name, loaded.train, loaded.target, loaded.hashes)
    if not 1 <= (said.folds_used or made.k) <= made.k:
        raise BadInput(f"--folds-used {said.folds_used}: expected 1 to {made.k}, the number of folds")
    return made


def train_fold(given: Experiment, kind: str, k: int, mark: str, store: Store) -> None:
    """One fold of one kind of folds, to a row."""
    started = time.perf_counter()

    def tell(event: dict[str, Any]) -> None:
        done, all_of_them = event["epoch"] + 1, event["epochs"]
        print(f"{kind}, fold {k}: epoch {done} of {all_of_them}", file=sys.stderr, flush=True)

    made = claim(given.recipe, given.member, given.train, given.target, KINDS[kind], [k], tell)
    scored = np.flatnonzero(made.folds.fold[0] == k)
    row = {
        "mark": mark, "folds": kind, **made.plain(), "fold": k,
        "seconds": round(time.perf_counter() - started, 1), "recipe": given.recipe.written(),
    }  # fmt: skip
    store.keep(row, rows=scored, oof=made.oof[scored])


def predictions(given: Experiment, kind: str, folds_used: int, again: bool, store: Store) -> np.ndarray:
    """Out-of-fold `(n, classes)`, NaN in folds that are not used; what is not there yet is trained."""
    oof = np.full((len(given.train), given.target.n_classes), np.nan)
    for k in range(folds_used):
        # the precision that "auto" stands for is the machine's
        of = [given.recipe.written(), chosen_precision("auto"), KINDS[kind].marks, given.hashes, k]
        mark = hash_value(of)
        if mark not in store.rows or again:
            train_fold(given, kind, k, mark, store)
        held = store.predictions(mark)
        oof[held["rows"]] = held["oof"]
    return oof


def scored(given: Experiment, metric: Metric, one: Attribute | None, oof: np.ndarray) -> Score:
    """The score of the class, or of an attribute by its marginal, on the rows that are there."""
    there = ~np.isnan(oof).any(axis=1)
    assert given.train.target is not None
    assert given.train.groups is not None
    truth, said = given.train.target[there], oof[there]
    if one is not None:
        truth, said = one.codes(truth), one.marginal(said)
    return score_with_interval(metric, truth, [said], given.train.groups[there])


def leaks(given: Experiment, oof: dict[str, np.ndarray]) -> str:
    """The table: attribute × (photo folds, person folds, difference), for each metric."""
    rows = []
    for name in SHOWN:
        metric = parse("metric", name)
        assert isinstance(metric, Metric)
        for part, one in given.parts:
            photos, persons = (scored(given, metric, one, oof[kind]) for kind in (PHOTOS, PERSONS))
            rows.append([part, name, str(photos), str(persons), f"{photos.value - persons.value:+.4f}"])
    return table(["of", "metric", PHOTOS, PERSONS, "difference"], rows)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="a competition folder of pictures with a group column")
    add("--epochs", type=int, help="in place of the preset's")
    add("--k", type=int, help="folds that the data are split in; by default what `new` finds")
    add("--folds-used", type=int, help="folds that are trained, the first ones; by default all")
    add("--model", help="timm's name of a network, in place of the preset's")
    add("--threads", type=int, default=cores(), help="processor threads")
    add(
        "--out", type=Path, default=Path("runs/bench-leak"), help="folder of the recipe, rows and predictions"
    )
    add("--again", action="store_true", help="train anew what is there")
    return parser.parse_args()


def main() -> None:
    said = options()
    said.out.mkdir(parents=True, exist_ok=True)
    try:
        given = read(said)
        used = said.folds_used or given.k
        store = Store(said.out, "leak")
        oof = {kind: predictions(given, kind, used, said.again, store) for kind in KINDS}
    except BadInput as error:
        sys.exit(f"error: {error}")
    member = given.recipe.members[given.member]
    epochs = given.recipe.fit.merged(member.fit).epochs
    persons = len(np.unique(given.train.groups))
    print(
        f"{said.folder.resolve().name}: {len(given.train)} photos of {persons} persons; {member.model.name},"
        f" head {member.head}, {epochs} epochs, {used} of {given.k} folds, {said.threads} threads\n"
    )
    print(leaks(given, oof) + "\n")
    print("difference: what photo folds claim beyond person folds; intervals: over persons, for both")
    if used < given.k:
        print("not all folds are trained: the two columns are scored on other photos")


if __name__ == "__main__":
    main()
