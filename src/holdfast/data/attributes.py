"""Attributes of photos: from a column, cut from a numeric one, or from the file's name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field, model_validator

from holdfast.data.files import need_column
from holdfast.errors import BadInput
from holdfast.recipe.strict import Strict
from holdfast.recipe.target import class_names


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):  # YAML reads a bare yes, no, on or off as true or false
        raise ValueError('expected a text; YAML reads yes and no as true and false, so quote them: "yes"')
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class AttributeSpec(Strict):
    """Where one attribute of the photos comes from, and how its values are coded: 0, 1, … in their order."""

    column: str | None = Field(None, description="column that holds it; null: the one of its own name")
    values: tuple[Text, ...] = Field((), description="its values in order; empty: found")
    cut: tuple[float, ...] = Field(
        (), description="thresholds of a numeric column: [25, 35] gives <25, 25-35, >=35"
    )
    train_cut: tuple[float, ...] = Field(
        (), description="other thresholds for the labels to train on; scores always use those of cut"
    )
    weight: int | None = Field(
        None, ge=1, description="place value in the joint code, the sum of weight × code"
    )
    from_name: dict[str, Text] = Field(
        {}, description="value by a pattern of the photo's file name; the first that fits counts"
    )
    ordered: bool = Field(False, description="whether the values stand in order, as those of a cut do")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.train_cut and len(self.train_cut) != len(self.cut):
            raise ValueError(
                f"train_cut: expected {len(self.cut)} thresholds, as cut has, got {len(self.train_cut)}"
            )
        for field in ("cut", "train_cut"):
            limits = getattr(self, field)
            if any(low >= high for low, high in itertools.pairwise(limits)):
                raise ValueError(f"{field}: expected rising thresholds, got {list(limits)}")
        if self.from_name and (self.cut or self.column is not None):
            raise ValueError("from_name: the file name gives the value; leave column and cut out")
        if len(set(self.values)) != len(self.values) or len(self.values) == 1:
            raise ValueError(f"values: expected two or more different ones, got {list(self.values)}")
        if self.cut and self.values and len(self.values) != len(self.cut) + 1:
            raise ValueError(
                f"values: {len(self.cut)} thresholds make {len(self.cut) + 1} values, got {len(self.values)}"
            )
        if strange := [
            value for value in self.from_name.values() if self.values and value not in self.values
        ]:
            raise ValueError(f"from_name: {strange[0]!r} is none of values: {', '.join(self.values)}")
        return self

    @property
    def known(self) -> tuple[str, ...]:
        """The values, where the recipe says them; empty: they are in the data."""
        if self.values:
            return self.values
        if self.cut:
            return cut_names(self.cut)
        return tuple(dict.fromkeys(self.from_name.values()))


def cut_names(cut: Sequence[float]) -> tuple[str, ...]:
    """Names of what thresholds cut a number into.

    >>> cut_names([25, 35])
    ('<25', '25-35', '>=35')
    """
    limits = [f"{limit:.15g}" for limit in cut]
    between = (f"{low}-{high}" for low, high in itertools.pairwise(limits))
    return (f"<{limits[0]}", *between, f">={limits[-1]}")


@dataclass(frozen=True)
class Rows:
    """A row of a table for each photo; the frame's index says in which row of the file it stands."""

    path: Path
    frame: pd.DataFrame
    ids: np.ndarray
    names: Sequence[str]  # the photos' files

    def at(self, row: int) -> str:
        """How an error names a row; a photo in a folder of classes has none."""
        if self.path.is_dir():
            return str(self.path / self.names[row])
        return f"{self.path}: line {int(self.frame.index[row]) + 2} (id {self.ids[row]})"


@dataclass(frozen=True)
class Coded:
    """An attribute's codes `(n,)`, and those to train on."""

    values: tuple[str, ...]
    codes: np.ndarray
    taught: np.ndarray


def has_source(name: str, spec: AttributeSpec, rows: Rows) -> bool:
    """Whether anything beside a joint code tells the attribute."""
    return bool(spec.from_name or spec.column or name in rows.frame.columns)


def code_attribute(name: str, spec: AttributeSpec, rows: Rows) -> Coded:
    """The attribute of each photo; raises BadInput for a missing, unknown or unreadable value."""
    where = f"attributes.{name}"
    if spec.from_name:
        said = pd.Series([_by_name(where, spec, rows, i) for i in range(len(rows.ids))])
    else:
        column = spec.column or name
        need_column(rows.path, rows.frame.columns, column, where)
        said = rows.frame[column].reset_index(drop=True)
        missing = np.flatnonzero(said.isna())
        if len(missing):
            raise BadInput(
                f"{rows.at(missing[0])}, column {column!r}: the value is missing ({len(missing)} such rows)"
            )
    if spec.cut:
        return _cut(where, spec, said, rows)
    values = spec.known or class_names(said)
    codes = pd.Categorical(said.astype(str), categories=list(values)).codes.astype(np.int64)
    strange = np.flatnonzero(codes < 0)
    if len(strange):
        raise BadInput(
            f"{rows.at(strange[0])}: data.{where}: expected one of {', '.join(values)}, found {said[strange[0]]!r}"
        )
    if len(values) < 2:
        raise BadInput(f"data.{where}: every photo of {rows.path} has the value {values[0]!r}; leave it out")
    return Coded(values, codes, codes)


def _by_name(where: str, spec: AttributeSpec, rows: Rows, row: int) -> str:
    name = rows.names[row].rsplit("/", 1)[-1]
    for pattern, value in spec.from_name.items():
        if fnmatchcase(name, pattern):
            return value
    raise BadInput(
        f"{rows.at(row)}: data.{where}.from_name: no pattern fits the file name {name!r};"
        f" patterns: {', '.join(spec.from_name)}"
    )


def _cut(where: str, spec: AttributeSpec, said: pd.Series, rows: Rows) -> Coded:
    numbers = pd.to_numeric(said, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise BadInput(f"{rows.at(bad[0])}: data.{where}.cut: expected a number, found {said[bad[0]]!r}")
    codes = np.digitize(numbers, spec.cut).astype(np.int64)
    taught = np.digitize(numbers, spec.train_cut).astype(np.int64) if spec.train_cut else codes
    return Coded(spec.known, codes, taught)
