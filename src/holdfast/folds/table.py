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


def make_folds(splitter: Splitter, data: Dataset, target: TargetSpec, base: Path) -> Folds:
    """Folds of all repeats, with groups asserted disjoint after every split. Raises BadInput."""
    if isinstance(splitter, FromFile):
        fold = _read(base / splitter.path, data.ids)
        splits = [[_parts(row, k) for k in range(int(row.max()) + 1)] for row in fold]
    else:
        if data.groups is not None and not splitter.keeps_groups:
            raise BadInput(
                f"folds.kind: {splitter.name} would put one group on both sides of a split, and data.group is declared;"
                " use stratified_group or group"
            )
        assert data.target is not None
        _refuse_rare(splitter, data, target)
        seed = getattr(splitter, "seed", 0)
        splits = [
            splitter.split(len(data), data.target, data.groups, data.order, seed + r)
            for r in range(splitter.repeats)
        ]
    rows = np.stack([_fold_of(split, len(data)) for split in splits])
    for split in splits:
        assert_groups_whole(split, data.groups)
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
    """No two windows on both sides share steps of a recording; raises BadInput that says how to keep them apart.

    Where groups are declared, whole recordings are on one side.
    """
    if data.groups is not None or data.order is None or data.span == 0:
        return
    for k, (train, valid) in enumerate(split):
        there = np.r_[-np.inf, np.sort(data.order[train]), np.inf]
        above = np.searchsorted(there, data.order[valid])
        near = np.minimum(there[above] - data.order[valid], data.order[valid] - there[above - 1])
        if (near < data.span).any():
            raise BadInput(
                f"folds: {int((near < data.span).sum())} windows of fold {k} overlap windows of its training part;"
                f" split the recording by time, with a guard: folds: {{kind: blocks, guard: {data.span:g}}}"
            )


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
    label = np.zeros(len(data), dtype=int) if target.kind == "real" else data.target
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


def _parts(row: np.ndarray, fold: int) -> tuple[np.ndarray, np.ndarray]:
    return np.flatnonzero(row != fold), np.flatnonzero(row == fold)


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
