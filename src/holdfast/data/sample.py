"""The sample submission: which rows, which columns, what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from holdfast.data.columns import NAMED, ids_of, some
from holdfast.data.files import read_table
from holdfast.errors import BadInput
from holdfast.recipe.target import TargetSpec


@dataclass(frozen=True)
class SampleForm:
    """The form that a submission follows.

    `style`: a class label a row, a probability column a class, the probability of the second of two
    classes, or a value. `written`: how each class is written, in the order of the target's codes.
    """

    id_column: str
    ids: np.ndarray
    columns: tuple[str, ...]  # beside the id, in order
    style: Literal["label", "probabilities", "positive", "value"]
    written: tuple[str, ...] = ()
    constant: tuple[float, ...] | None = None  # the sample's own prediction for every row, where it is one


def read_sample(
    path: Path, target: TargetSpec, test_ids: np.ndarray, id_column: str | None, probabilities: bool
) -> SampleForm:
    """Read a sample submission and check it against the test set. `probabilities`: what the metric scores."""
    first = id_column or (pd.read_csv(path, nrows=0).columns[0] if path.name.endswith(".csv") else None)
    frame = read_table(path, (first,))
    if first is None or first not in frame.columns:
        raise BadInput(f"{path}: expected the id column {id_column!r}; columns: {some(frame.columns)}")
    ids = ids_of(path, frame, first)
    _same_ids(path, ids, test_ids)
    columns = tuple(str(column) for column in frame.columns if column != first)
    values = frame[list(columns)]
    if target.kind == "real":
        if len(columns) != 1:
            raise BadInput(f"{path}: expected one column of values beside {first}, found {some(columns)}")
        return SampleForm(first, ids, columns, "value", constant=_constant(values))
    if len(columns) > 1:
        written = _class_columns(path, columns, target)
        ordered = values[list(written)]
        constant = _constant(ordered)
        usable = constant is not None and abs(sum(constant) - 1) < 1e-3 and min(constant) >= 0
        return SampleForm(first, ids, columns, "probabilities", written, constant if usable else None)
    if len(columns) == 0:
        raise BadInput(f"{path}: has no column beside {first}")
    return _one_column(path, first, ids, columns, values.iloc[:, 0], target, probabilities)


def _one_column(
    path: Path,
    first: str,
    ids: np.ndarray,
    columns: tuple[str, ...],
    values: pd.Series,
    target: TargetSpec,
    probabilities: bool,
) -> SampleForm:
    numeric = pd.to_numeric(values, errors="coerce")
    shares = bool(numeric.notna().all() and numeric.between(0, 1).all())
    if target.n_classes == 2 and shares and (probabilities or (numeric != numeric.round()).any()):
        p = float(numeric.iloc[0])
        same = bool((numeric == p).all()) and 0 < p < 1
        return SampleForm(first, ids, columns, "positive", target.names, (1 - p, p) if same else None)
    there = {_as_name(value) for value in values.dropna().unique()}
    for written in (target.names, *target.aliases.values()):
        if there <= set(written):
            constant = tuple(float(name in there) for name in written) if len(there) == 1 else None
            return SampleForm(first, ids, columns, "label", written, constant)
    strange = sorted(there - set(target.names))
    raise BadInput(
        f"{path}: column {columns[0]!r} holds {some(strange)}, which name no class; classes: {some(target.names)}"
    )


def _as_name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _class_columns(path: Path, columns: tuple[str, ...], target: TargetSpec) -> tuple[str, ...]:
    """The sample's column of each class: named as the class, or with something common before or after."""
    for names in (target.names, *target.aliases.values()):
        if set(columns) == set(names):
            return names
        if len(columns) != len(names):
            continue
        for affix in ("start", "end"):
            found = [
                [c for c in columns if (c.endswith(name) if affix == "start" else c.startswith(name))]
                for name in names
            ]
            if all(len(one) >= 1 for one in found):
                best = tuple(min(one, key=len) for one in found)
                if len(set(best)) == len(names):
                    return best
    missing = [name for name in target.names if name not in columns]
    raise BadInput(
        f"{path}: expected a probability column for each of {target.n_classes} classes; none for {some(missing)};"
        f" columns: {some(columns)}"
    )


def _constant(values: pd.DataFrame) -> tuple[float, ...] | None:
    numeric = values.apply(pd.to_numeric, errors="coerce")
    if numeric.isna().any().any() or (numeric != numeric.iloc[0]).any().any():
        return None
    return tuple(float(value) for value in numeric.iloc[0])


def _same_ids(path: Path, ids: np.ndarray, test_ids: np.ndarray) -> None:
    lacking, extra = ~np.isin(test_ids, ids), ~np.isin(ids, test_ids)
    if lacking.any() or extra.any():
        rows = ", ".join(f"line {row + 2}: {ids[row]}" for row in np.flatnonzero(extra)[:NAMED])
        raise BadInput(
            f"data.sample: the ids of {path} are not those of the test set: "
            + "; ".join(
                part
                for part in (
                    f"{int(extra.sum())} are not in the test set ({rows})" if extra.any() else "",
                    f"{int(lacking.sum())} test ids are not in the sample ({some(test_ids[lacking])})"
                    if lacking.any()
                    else "",
                )
                if part
            )
        )
