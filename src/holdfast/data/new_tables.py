"""New rows of a feature table, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from holdfast.data.columns import ids_of, some
from holdfast.data.dataset import Dataset
from holdfast.data.files import need_column, numbers
from holdfast.data.form import Form, Once, in_batches
from holdfast.data.parts import table_parts
from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.data.base import DataSpec


def new_rows(spec: DataSpec, path: Path, form: Form) -> Iterator[Dataset]:
    """The rows of a table with the columns that training knew; others may stand beside them. Raises BadInput."""
    yield from in_batches(_parts(spec, path, form), form.rows)


def _parts(spec: DataSpec, path: Path, form: Form) -> Iterator[Dataset]:
    once = Once(str(path))
    for frame in table_parts(path, (spec.id, spec.group), form.rows):
        need_names(path, frame, form)
        ids = ids_in(path, frame, spec.id)
        once.add(ids)
        yield form.dataset(ids, numbers(path, frame, form.names, pd.Series(ids)))
    once.check(f"the rows of two samples have one id ({spec.id})")


def need_names(path: Path, frame: pd.DataFrame, form: Form) -> None:
    """Raises BadInput where a file lacks what members were trained on."""
    lacking = [name for name in form.names if name not in frame.columns]
    if lacking:
        raise BadInput(f"{path}: lacks {some(lacking)}, of which members learned")


def ids_in(path: Path, frame: pd.DataFrame, column: str | None) -> np.ndarray:
    """The ids of a part of a file, each row its own; without a column the numbers of the rows."""
    if column is None:
        return frame.index.to_numpy().astype(str)
    need_column(path, frame.columns, column, "id")
    missing = np.flatnonzero(frame[column].isna())
    if len(missing):
        raise BadInput(f"{path}: line {frame.index[missing[0]] + 2}: the id ({column}) is missing")
    return ids_of(path, frame, column)
