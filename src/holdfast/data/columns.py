"""Ids, targets, groups and order from the columns of a frame, with their checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from holdfast.errors import BadInput
from holdfast.recipe.target import TargetSpec, class_names, encode

NAMED = 5  # ids named in an error; the rest are counted


def some(ids: object) -> str:
    """The first few ids, and how many there are.

    >>> some(["a", "b"])
    'a, b'
    """
    names = [str(name) for name in ids]  # type: ignore[attr-defined]
    more = f" … ({len(names)} in all)" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def ids_of(path: Path, frame: pd.DataFrame, column: str | None) -> np.ndarray:
    """Ids as text, one a row, none missing, none twice. Without a column: the row numbers."""
    if column is None:
        return np.arange(len(frame)).astype(str)
    missing = np.flatnonzero(frame[column].isna())
    if len(missing):
        raise BadInput(f"{path}: line {missing[0] + 2}: the id ({column}) is missing")
    ids = frame[column].astype(str)
    twice = ids[ids.duplicated()]
    if len(twice):
        lines = np.flatnonzero(ids == twice.iloc[0]) + 2
        raise BadInput(
            f"{path}: id {twice.iloc[0]} stands twice, in lines {lines[0]} and {lines[1]} ({len(twice)} such)"
        )
    return ids.to_numpy(dtype=str)


def match(wanted: np.ndarray, given: np.ndarray, wanted_in: Path, given_in: Path, what: str) -> np.ndarray:
    """Positions in `given` of each id of `wanted`; raises BadInput where the two sets differ."""
    positions = pd.Index(given).get_indexer(wanted)
    if (positions < 0).any():
        raise BadInput(
            f"{what} is missing in {given_in} for ids of {wanted_in}: {some(wanted[positions < 0])}"
        )
    extra = ~np.isin(given, wanted)
    if extra.any():
        raise BadInput(
            f"{given_in} has ids without a row in {wanted_in}: {some(given[extra])}; add the rows, or take the ids out"
        )
    return positions


def target_of(
    path: Path, frame: pd.DataFrame, ids: np.ndarray, column: str, kind: str | None
) -> tuple[TargetSpec, np.ndarray]:
    """The target spec and the encoded targets: int64 codes or float64 values.

    `kind` None decides: real where the values are numbers with fractions or more than 50 kinds, else classes.
    """
    values = frame[column]
    missing = np.flatnonzero(values.isna())
    if len(missing):
        row = int(missing[0])
        raise BadInput(
            f"{path}: line {row + 2} (id {ids[row]}), column {column!r}: the target is missing"
            f" ({len(missing)} such rows); give it a value or take the rows out"
        )
    if (kind or guess_target_kind(values)) == "classes":
        if pd.api.types.is_float_dtype(values) and (values == values.round()).all():
            values = values.astype("int64")  # 1.0 and 1 name the same class
        return class_target(path, frame, values.astype(str), column)
    numeric = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(numeric))
    if len(bad):
        row = int(bad[0])
        raise BadInput(
            f"{path}: line {row + 2} (id {ids[row]}), column {column!r}: expected a finite number,"
            f" found {values.iloc[row]!r}"
        )
    return TargetSpec(kind="real", column=column), numeric


def guess_target_kind(values: pd.Series) -> str:
    """ "classes" or "real", from the values of a target column."""
    parsed = pd.to_numeric(values.dropna(), errors="coerce")
    if parsed.isna().any():
        return "classes"
    whole = bool((parsed == parsed.round()).all())
    return "classes" if whole and parsed.nunique() <= 50 else "real"


def class_target(
    path: Path, frame: pd.DataFrame, values: pd.Series, column: str
) -> tuple[TargetSpec, np.ndarray]:
    names = class_names(values)
    if len(names) < 2:
        raise BadInput(
            f"{path}: column {column!r} holds one class only ({', '.join(names)}); expected two or more"
        )
    codes = encode(values, names)
    aliases = {}
    for other in frame.columns:
        if other != column and mirrors(frame[other], codes, "classes"):
            firsts = frame[other].iloc[[int(np.flatnonzero(codes == code)[0]) for code in range(len(names))]]
            aliases[str(other)] = tuple(str(value) for value in firsts)
    return TargetSpec(kind="classes", column=column, names=names, aliases=aliases), codes


def mirrors(column: pd.Series, target: np.ndarray, kind: str) -> bool:
    """Whether a column says the same as the target: one to one with the classes, or a straight line of the value."""
    if column.isna().any():
        return False
    if kind == "classes":
        codes, uniques = pd.factorize(column)
        classes = int(target.max()) + 1
        return len(uniques) == classes and len(np.unique(codes * classes + target)) == classes
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() < 3:
        return False
    return bool(abs(np.corrcoef(column.to_numpy(dtype=np.float64), target)[0, 1]) > 1 - 1e-9)


def groups_of(path: Path, frame: pd.DataFrame, ids: np.ndarray, column: str) -> np.ndarray:
    """Groups as text; none missing, at least two."""
    values = frame[column]
    missing = np.flatnonzero(values.isna())
    if len(missing):
        raise BadInput(
            f"{path}: line {missing[0] + 2} (id {ids[missing[0]]}): the group ({column}) is missing"
        )
    groups = values.astype(str).to_numpy(dtype=str)
    if len(np.unique(groups)) < 2:
        raise BadInput(
            f"data.group: column {column!r} of {path} holds one group only ({groups[0]}): it splits nothing;"
            " name another column, or leave data.group out"
        )
    return groups
