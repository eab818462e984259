"""New windows, some at a time: of an array, of a long table, or cut from recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from holdfast.data.cache import cached_array
from holdfast.data.clock import Grid
from holdfast.data.columns import ids_of
from holdfast.data.cut import Cut, piece_ids, pieces_of, places_of, windows_of
from holdfast.data.dataset import Dataset
from holdfast.data.files import is_array, need_column, numbers, read_array, read_table
from holdfast.data.form import Form, Once, in_batches
from holdfast.data.length import with_length
from holdfast.data.long import in_order, to_windows
from holdfast.data.new_tables import need_names
from holdfast.data.parts import table_parts
from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.data.windows import Windows

LINES = 1 << 17  # of a long table, read at once


def new_windows(spec: Windows, path: Path, form: Form, ids: Path | None) -> Iterator[Dataset]:
    """The windows of a file in the form of the training or the test file. Raises BadInput.

    `ids`: of an array, the table that names its rows; without it their numbers are their ids.
    """
    if is_array(path):
        if form.clock is not None:
            raise BadInput(f"{path} is an array, and the members were trained on windows of a long table")
        parts = _of_array(spec, path, form, ids)
    elif form.clock is None:
        raise BadInput(f"{path} is no array (.npy, .npz), of which the members were trained")
    else:
        parts = _of_table(spec, path, form, form.clock)
    for data in in_batches(parts, form.rows):
        _refuse_infinite(path, data)
        yield data


def _of_array(spec: Windows, path: Path, form: Form, ids: Path | None) -> Iterator[Dataset]:
    array = (
        read_array(path, "test")
        if path.name.endswith(".npy")
        else cached_array(path, lambda: read_array(path, "test"))
    )
    array = array[:, :, None] if array.ndim == 2 else array
    steps = array.shape[1:2] if spec.length is not None else form.shape[:1]
    wanted = (*steps, *form.shape[1:])
    if array.ndim != 3 or not np.issubdtype(array.dtype, np.number) or array.shape[1:] != wanted:
        raise BadInput(
            f"{path}: expected numbers (n, steps, channels) of {wanted} (steps, channels), found {array.dtype}"
            f" {array.shape}"
        )
    names = np.arange(len(array)).astype(str) if ids is None else _names(spec, ids, len(array), path)
    for start in range(0, len(array), form.rows):
        part = np.array(array[start : start + form.rows], dtype=np.float32)
        if spec.length is not None:
            part = with_length(part, spec.length)
        yield form.dataset(names[start : start + form.rows], part)


def _names(spec: Windows, ids: Path, n: int, path: Path) -> np.ndarray:
    frame = read_table(ids, (spec.id,))
    if spec.id is not None:
        need_column(ids, frame.columns, spec.id, "id")
    names = ids_of(ids, frame, spec.id)
    if len(names) != n:
        raise BadInput(f"--ids: {ids} names {len(names)} ids, {path} holds {n} windows")
    return names


def _of_table(spec: Windows, path: Path, form: Form, clock: Grid) -> Iterator[Dataset]:
    once = Once(str(path))
    for frame in _whole_ids(spec, path, form):
        ids = np.asarray(pd.unique(frame[str(spec.id)]), dtype=str)
        once.add(ids)
        if spec.cut is None:
            made, _ = to_windows(
                path, frame, ids, str(spec.id), spec.time, list(form.names), clock, spec.length
            )
            yield form.dataset(ids, made)
        else:
            yield from _cut(spec, spec.cut, path, frame, ids, form, clock)
    once.check(
        f"the rows of one {spec.id} do not stand together; sort the file by {spec.id}, as it is read piece by piece"
    )


def _whole_ids(spec: Windows, path: Path, form: Form) -> Iterator[pd.DataFrame]:
    """The rows of a long table, those of one id never in two parts where they stand together."""
    column = str(spec.id)
    held: pd.DataFrame | None = None
    for frame in table_parts(path, (spec.id, spec.group), LINES):
        need_names(path, frame, form)
        for field in ("id", "time"):
            if (name := getattr(spec, field)) is not None:
                need_column(path, frame.columns, name, field)
        if frame[column].isna().any():
            line = frame.index[np.flatnonzero(frame[column].isna())[0]] + 2
            raise BadInput(f"{path}: line {line}: the id ({column}) is missing")
        frame[column] = frame[column].astype(str)
        frame = frame if held is None else pd.concat([held, frame])
        last = (frame[column] == frame[column].iloc[-1]).to_numpy()
        held = frame[last]
        if not last.all():
            yield frame[~last]
    if held is not None:
        yield held


def _cut(
    spec: Windows, cut: Cut, path: Path, frame: pd.DataFrame, ids: np.ndarray, form: Form, clock: Grid
) -> Iterator[Dataset]:
    """Windows of whole recordings, by the clock of the training recordings."""
    order, codes, times = in_order(path, frame, ids, str(spec.id), spec.time)
    frame = frame.iloc[order]
    places = places_of(codes, times, clock.step)
    pieces = pieces_of(codes, places, cut)
    values = numbers(path, frame, form.names, frame[str(spec.id)])
    for start in range(0, len(pieces), form.rows):
        some = pieces.take(np.arange(start, min(start + form.rows, len(pieces))))
        yield form.dataset(piece_ids(ids, some), windows_of(values, places, some, cut.length))


def _refuse_infinite(path: Path, data: Dataset) -> None:
    bad = np.isinf(data.source)
    if bad.any():
        i, step, channel = (int(axis[0]) for axis in np.nonzero(bad))
        raise BadInput(
            f"{path}: id {data.ids[i]}, step {step}, channel {data.names[channel]}:"
            " expected a finite number or NaN for a gap, found an infinite one"
        )
