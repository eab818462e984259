"""The sample submission: which rows, which columns, what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from holdfast.data.columns import NAMED, ids_of, some
from holdfast.data.files import columns_of, read_table
from holdfast.data.wide import read_wide
from holdfast.errors import BadInput
from holdfast.recipe.target import TargetSpec

Style = Literal["label", "probabilities", "positive", "value", "grid"]


@dataclass(frozen=True)
class SampleForm:
    """The form that a submission follows.

    `style`: a class label a row, a probability column a class, the probability of the second of two
    classes, a value, or a grid: a column a pixel, by lead time, then row, then column. `written`: how each class
    is written, in the order of the target's codes: in the rows for `label`, in the header for `probabilities`.
    """

    header: tuple[str, ...]  # every column, in order
    id_column: str | None  # None: the sample has no column of ids
    ids: np.ndarray  # as written, a line each
    rows: np.ndarray  # the row of the test set that each line is for
    style: Style
    written: tuple[str, ...] = ()
    constant: tuple[float, ...] | None = None  # the sample's own prediction for every row, where it is one
    whole: bool = False  # of a grid: the values are whole numbers

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns beside the id, in order."""
        return tuple(column for column in self.header if column != self.id_column)


def read_sample(
    path: Path, target: TargetSpec, test_ids: np.ndarray, id_column: str | None, probabilities: bool
) -> SampleForm:
    """Read a sample submission and check it against the test set.

    `id_column` None: test samples have no ids, and lines are matched by their order. `probabilities`: whether
    the metric scores them. Of a grid's sample only the header, the ids and a few lines are held.
    Raises BadInput.
    """
    if target.kind == "grid":
        return _grid_form(path, target, test_ids, id_column)
    frame = read_table(path, None)
    header = tuple(columns_of(path))  # as written: pandas gives a name to a column that has none
    frame.columns = pd.Index(header)
    if id_column is None:
        id_column = _index_column(header, target)
        ids = ids_of(path, frame, id_column)
        rows = _in_order(path, ids, len(test_ids), id_column)
    else:
        _need_id(path, header, id_column)
        ids = ids_of(path, frame, id_column)
        rows = _same_ids(path, ids, test_ids)
    columns = [column for column in header if column != id_column]
    if not columns:
        raise BadInput(f"data.sample: {path} has no column beside {id_column}")
    style, written, constant = _predictions(path, frame[columns], target, probabilities)
    return SampleForm(header, id_column, ids, rows, style, written, constant)


def _grid_form(path: Path, target: TargetSpec, test_ids: np.ndarray, id_column: str | None) -> SampleForm:
    """A column a pixel, in the order of lead time, row, column, whatever their names."""
    header, pixels = tuple(columns_of(path)), prod(target.shape)
    column = id_column
    if column is not None:
        _need_id(path, header, column)
    elif len(header) == pixels + 1:
        column = header[0]
    found = len(header) - (column is not None)
    if found != pixels:
        sides = " × ".join(str(side) for side in target.shape)
        raise BadInput(
            f"data.sample: {path} has {found:,} columns beside the id; expected {pixels:,}, one a pixel of"
            f" {sides} (lead times × height × width)"
        )
    table = read_wide(path, column)
    matched = id_column is not None
    rows = (
        _same_ids(path, table.ids, test_ids) if matched else _in_order(path, table.ids, len(test_ids), column)
    )
    return SampleForm(header, column, table.ids, rows, "grid", whole=table.whole)


def _need_id(path: Path, header: tuple[str, ...], id_column: str) -> None:
    if id_column not in header:
        raise BadInput(f"data.sample: {path} has no id column {id_column!r}; columns: {some(header)}")


Predictions = tuple[Style, tuple[str, ...], tuple[float, ...] | None]


def _predictions(path: Path, values: pd.DataFrame, target: TargetSpec, probabilities: bool) -> Predictions:
    """How the columns beside the id say a prediction."""
    if target.kind == "real":
        if values.shape[1] != 1:
            raise BadInput(
                f"data.sample: {path}: expected one column of values, found {some(values.columns)}"
            )
        return "value", (), _constant(values)
    if values.shape[1] == 1:
        return _one_column(path, values.iloc[:, 0], target, probabilities)
    columns = tuple(str(column) for column in values.columns)
    written = _class_columns(columns, target)
    if written is None:
        raise _no_class_columns(path, columns, target)
    constant = _constant(values[list(written)])
    usable = constant is not None and abs(sum(constant) - 1) < 1e-3 and min(constant) >= 0
    return "probabilities", written, constant if usable else None


def _one_column(path: Path, values: pd.Series, target: TargetSpec, probabilities: bool) -> Predictions:
    numeric = pd.to_numeric(values, errors="coerce")
    shares = bool(numeric.notna().all() and numeric.between(0, 1).all())
    if target.n_classes == 2 and shares and (probabilities or (numeric != numeric.round()).any()):
        p = float(numeric.iloc[0])
        same = bool((numeric == p).all()) and 0 < p < 1
        return "positive", target.names, (1 - p, p) if same else None
    there = set(values.dropna().unique())
    for written in _spellings(target):
        if there <= set(written):
            alone = len(there) == 1 and bool(values.notna().all())
            return "label", written, tuple(float(name in there) for name in written) if alone else None
    strange = sorted(there - set(target.names))
    raise BadInput(
        f"data.sample: {path}: column {values.name!r} holds {some(strange)}, which name no class;"
        f" classes: {some(target.names)}"
    )


def _spellings(target: TargetSpec) -> list[tuple[str, ...]]:
    """The ways to write the classes: names, codes or descriptions beside them, whole numbers with and without ".0"."""
    ways = [target.names, *target.aliases.values()]
    try:
        whole = [tuple(f"{float(name):.0f}" for name in names) for names in ways if _whole(names)]
    except OverflowError:  # "inf" is a name that reads as a number
        whole = []
    return [*ways, *whole, *(tuple(f"{name}.0" for name in names) for names in whole)]


def _whole(names: tuple[str, ...]) -> bool:
    try:
        return all(float(name) == int(float(name)) for name in names)
    except ValueError:
        return False


def _class_columns(columns: tuple[str, ...], target: TargetSpec) -> tuple[str, ...] | None:
    """The column of each class: named as the class, with the same text before and after each (`won_0`, `won_1`)."""
    for names in _spellings(target):
        if len(columns) != len(names):
            continue
        for column in columns:
            for start in range(len(column) - len(names[0]) + 1):
                if not column.startswith(names[0], start):
                    continue
                before, after = column[:start], column[start + len(names[0]) :]
                made = tuple(f"{before}{name}{after}" for name in names)
                if set(made) == set(columns):
                    return made
    return None


def _no_class_columns(path: Path, columns: tuple[str, ...], target: TargetSpec) -> BadInput:
    missing = [name for name in target.names if name not in columns]
    extra = [column for column in columns if column not in target.names]
    said = [f"none for {some(missing)}"] if missing else []
    said += [f"{some(extra)} named as no class"] if extra else []
    return BadInput(
        f"data.sample: {path}: expected a probability column for each of {target.n_classes} classes; "
        + "; ".join(said)
    )


def _constant(values: pd.DataFrame) -> tuple[float, ...] | None:
    texts = values.to_numpy(dtype=object)
    if (texts == texts[:1]).all():
        values = values.iloc[:1]  # the same in every row, as it mostly is
    numeric = values.apply(pd.to_numeric, errors="coerce")
    if numeric.isna().any().any() or (numeric != numeric.iloc[0]).any().any():
        return None
    return tuple(float(value) for value in numeric.iloc[0])


def _index_column(header: tuple[str, ...], target: TargetSpec) -> str | None:
    """The first column, where the recipe names no id, unless every column is a prediction."""
    if len(header) == 1 or (target.kind == "classes" and _class_columns(header, target) is not None):
        return None
    return header[0]


def _in_order(path: Path, ids: np.ndarray, n: int, index_column: str | None) -> np.ndarray:
    """Line i is for test row i: so it must be where the test samples have no ids."""
    if len(ids) != n:
        raise BadInput(
            f"data.sample: {path} has {len(ids)} rows, the test set {n}; data.id is null, so they are matched by order"
        )
    numbers = pd.to_numeric(pd.Series(ids), errors="coerce").to_numpy(dtype=np.float64)
    back = np.flatnonzero(np.diff(numbers) < 0)  # no comparison holds for texts, which are NaN
    if len(back):
        raise BadInput(
            f"data.sample: data.id is null, so lines of {path} are matched with test rows by order, but its column"
            f" {index_column!r} goes back from {ids[back[0]]} to {ids[back[0] + 1]} in line {back[0] + 3};"
            " name the column of ids in data.id"
        )
    return np.arange(n)


def _same_ids(path: Path, ids: np.ndarray, test_ids: np.ndarray) -> np.ndarray:
    """The row of the test set for each line."""
    lacking, extra = ~np.isin(test_ids, ids), ~np.isin(ids, test_ids)
    said = []
    if extra.any():
        lines = ", ".join(f"line {row + 2}: {ids[row]}" for row in np.flatnonzero(extra)[:NAMED])
        said.append(f"{int(extra.sum())} are not in the test set ({lines})")
    if lacking.any():
        said.append(f"{int(lacking.sum())} test ids are not in the sample ({some(test_ids[lacking])})")
    if said:
        raise BadInput(f"data.sample: the ids of {path} are not those of the test set: " + "; ".join(said))
    return pd.Index(test_ids).get_indexer(pd.Index(ids))
