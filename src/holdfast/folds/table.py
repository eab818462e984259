"""The fold of every training sample: made, asserted, counted, saved."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.data.columns import match
from holdfast.data.dataset import Dataset
from holdfast.data.files import need_column, read_table
from holdfast.errors import BadInput
from holdfast.folds.base import Split, Splitter
from holdfast.folds.near import near
from holdfast.folds.splitters import FromFile
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_json, write_text
from holdfast.store.hashes import hash_arrays


@dataclass(frozen=True)
class Folds:
    """`fold[r, i]`: the fold that scores sample i in repeat r. `left_out[r][k]`: rows that a guard takes from training."""

    fold: np.ndarray
    left_out: tuple[tuple[np.ndarray, ...], ...]
    how: dict[str, Any]

    @property
    def repeats(self) -> int:
        return len(self.fold)

    @property
    def k(self) -> int:
        return int(self.fold.max()) + 1

    def part(self, repeat: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Row numbers of the training and of the validation part."""
        train = np.setdiff1d(np.flatnonzero(self.fold[repeat] != fold), self.left_out[repeat][fold])
        return train, np.flatnonzero(self.fold[repeat] == fold)

    @property
    def hash(self) -> str:
        return hash_arrays(self.fold, *(rows for repeat in self.left_out for rows in repeat))


def make_folds(
    splitter: Splitter, data: Dataset, target: TargetSpec, base: Path, drawn: Path | None = None
) -> Folds:
    """Folds of all repeats, asserted after every split: groups whole, no samples on both sides that overlap.

    `drawn`: the `folds.csv` of a run whose folds this splitter drew, to be read instead. Raises BadInput.
    """
    if drawn is None and isinstance(splitter, FromFile):
        drawn = base / splitter.path
    if drawn is not None:
        splits = [splitter.sides(fold, data) for fold in _read(drawn, data.ids)]
    else:
        if data.groups is not None and not (splitter.keeps_groups or splitter.cuts_groups):
            raise BadInput(
                f"folds.kind: {splitter.name} would put one group on both sides of a split, and data.group is declared;"
                " use stratified_group or group"
            )
        _refuse_rare(splitter, data, target)
        seed = getattr(splitter, "seed", 0)
        splits = [splitter.split_data(data, seed + r) for r in range(splitter.repeats)]
    rows = np.stack([_fold_of(split, len(data)) for split in splits])
    for split in splits:
        assert_groups_whole(split, None if splitter.cuts_groups else data.groups)
        if data.groups is None or splitter.cuts_groups:  # else whole sequences are on one side
            assert_no_overlap(split, data)
    left_out = tuple(tuple(_missing(train, valid, len(data)) for train, valid in split) for split in splits)
    return Folds(rows, left_out, {"kind": splitter.name, **splitter.model_dump(mode="json")})


def assert_groups_whole(split: Split, groups: np.ndarray | None) -> None:
    """No group on both sides of any split; raises BadInput that names one."""
    for k, (train, valid) in enumerate(split):
        if len(train) == 0 or len(valid) == 0:
            raise BadInput(
                f"folds: fold {k} has {len(train)} training and {len(valid)} scored samples; use fewer folds"
            )
        if np.intersect1d(train, valid).size:
            raise BadInput(f"folds: fold {k} has samples on both sides")
        if groups is not None:
            both = np.intersect1d(groups[train], groups[valid])
            if both.size:
                raise BadInput(
                    f"folds: group {both[0]} is on both sides of fold {k} ({both.size} such groups)"
                )


def assert_no_overlap(split: Split, data: Dataset) -> None:
    """No two samples on both sides share steps of one sequence, nor, where crops have places, steps of one pixel.

    Groups are sequences; without groups all is one. Raises BadInput that says how to keep them apart.
    """
    if data.order is None or data.span == 0:
        return
    todo = f"split the recording by time, with a guard: folds: {{kind: blocks, guard: {data.span:g}}}"
    if data.kind == "frames":
        todo = "cut the sequence into blocks of time and space: folds: {kind: space_time, minutes: 360}"
    for k, (train, valid) in enumerate(split):
        both = int(near(data, valid, train).sum())
        if both:
            raise BadInput(f"folds: {both} windows of fold {k} overlap windows of its training part; {todo}")


def units_per_class(data: Dataset, target: TargetSpec) -> np.ndarray:
    """Independent units (groups; samples where no group is known) that hold each class."""
    assert data.target is not None
    units = np.arange(len(data)) if data.groups is None else np.unique(data.groups, return_inverse=True)[1]
    pairs = np.unique(np.stack([data.target, units]), axis=1)
    return np.bincount(pairs[0], minlength=target.n_classes)


def _refuse_rare(splitter: Splitter, data: Dataset, target: TargetSpec) -> None:
    """A class with fewer units than folds cannot be in every fold: say so, with the largest k that could."""
    k = getattr(splitter, "k", 2)
    unit = "samples" if data.groups is None else "groups"
    if splitter.cuts_groups:  # it counts its own blocks
        return
    units = len(data) if data.groups is None else len(np.unique(data.groups))
    if units < k:
        raise BadInput(f"folds.k: {k} folds from {units} {unit}; use k={units} or less")
    if target.kind != "classes" or not splitter.shares_classes:
        return
    held = units_per_class(data, target)
    rare = np.flatnonzero(held < k)
    if len(rare):
        named = ", ".join(f"{target.names[c]} ({held[c]})" for c in rare)
        most = int(held.min())
        todo = f"use folds.k={most}" if most >= 2 else "join the class with another, or leave its samples out"
        raise BadInput(f"folds.k: {k} folds, but these classes have fewer {unit} than that: {named}; {todo}")


def describe(folds: Folds, data: Dataset, target: TargetSpec) -> tuple[pd.DataFrame, list[str]]:
    """Counts of units (groups where known) for each class and fold of repeat 0, and what to say about them."""
    units = data.ids if data.groups is None else data.groups
    rows = folds.fold[0]
    label = data.target if target.kind == "classes" else np.zeros(len(data), dtype=int)
    names = target.names if target.kind == "classes" else ("all",)
    assert label is not None
    counts = pd.DataFrame(
        {
            f"fold {k}": [len(np.unique(units[(rows == k) & (label == c)])) for c in range(len(names))]
            for k in range(folds.k)
        },
        index=list(names),
    )
    said = []
    if taken := sum(len(part) for part in folds.left_out[0]):
        of = sum(int((rows != k).sum()) for k in range(folds.k))
        said.append(
            f"folds: {taken / of:.0%} of the training samples are left out, too near to what is scored"
        )
    lacking = {str(name): list(row.index[row == 0]) for name, row in counts.iterrows() if (row == 0).any()}
    if target.kind == "classes" and lacking:
        most = int(units_per_class(data, target).min())
        for name, where in lacking.items():
            said.append(
                f"class {name} is absent from {', '.join(where)}; the largest k that could hold every class is {most}"
            )
    return counts, said


def save_folds(folds: Folds, data: Dataset, folder: Path) -> None:
    """`folds.csv` (id, repeat, fold; -1 never occurs) and `folds.json` (how, hash)."""
    frame = pd.DataFrame(
        {
            "id": np.tile(data.ids, folds.repeats),
            "repeat": np.repeat(np.arange(folds.repeats), len(data)),
            "fold": folds.fold.ravel(),
        }
    )
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    write_text(folder / "folds.csv", text.getvalue())
    write_json(folder / "folds.json", {"hash": folds.hash, **folds.how})


def _read(path: Path, ids: np.ndarray) -> np.ndarray:
    if not path.is_file():
        raise BadInput(f"folds.path: {path} does not exist")
    frame = read_table(path, ("id",))
    for column in ("id", "fold"):
        need_column(path, frame.columns, column, "folds.path")
    if "repeat" not in frame.columns:
        frame["repeat"] = 0
    for column in ("fold", "repeat"):
        wrong = np.flatnonzero(pd.to_numeric(frame[column], errors="coerce").isna())
        if len(wrong):
            said = frame[column].iloc[wrong[0]]
            raise BadInput(
                f"{path}: line {wrong[0] + 2}, column {column!r}: expected a whole number, found {said!r}"
            )
    rows: list[np.ndarray] = []
    for repeat, part in frame.groupby("repeat", sort=True):
        given = part["id"].to_numpy(dtype=str)
        if len(np.unique(given)) != len(given):
            raise BadInput(f"{path}: an id stands twice in repeat {repeat}")
        fold = part["fold"].to_numpy()[match(ids, given, Path("the training data"), path, "the fold")]
        if not np.array_equal(np.unique(fold), np.arange(fold.max() + 1)) or fold.max() < 1:
            raise BadInput(
                f"{path}: folds must be numbered 0, 1, … with none left out, found {sorted(set(fold))}"
            )
        rows.append(fold.astype(int))
    if len({int(row.max()) for row in rows}) > 1:
        raise BadInput(f"{path}: the repeats have different numbers of folds; expected the same in each")
    return np.stack(rows)


def _fold_of(split: Split, n: int) -> np.ndarray:
    fold = np.full(n, -1)
    for k, (_, valid) in enumerate(split):
        if (fold[valid] >= 0).any():
            raise BadInput("folds: a sample is scored by two folds")
        fold[valid] = k
    if (fold < 0).any():
        raise BadInput(f"folds: {int((fold < 0).sum())} samples are scored by no fold")
    return fold


def _missing(train: np.ndarray, valid: np.ndarray, n: int) -> np.ndarray:
    return np.setdiff1d(np.arange(n), np.concatenate([train, valid]))
