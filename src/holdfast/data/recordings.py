"""Continuous recordings: a long table with a label on every row, cut into windows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from holdfast.data.cache import cached_array
from holdfast.data.clock import Grid
from holdfast.data.columns import groups_of, guess_target_kind, mirrors, some, target_of
from holdfast.data.cut import Cut, Pieces, label_rows, piece_ids, pieces_of, places_of, step_of, windows_of
from holdfast.data.dataset import Dataset, Loaded
from holdfast.data.files import need_column, numbers, read_table
from holdfast.data.long import constant_rows, in_order
from holdfast.errors import BadInput
from holdfast.store.hashes import hash_arrays, hash_value

if TYPE_CHECKING:
    from holdfast.data.windows import Windows


@dataclass(frozen=True)
class _Table:
    """The rows of a table in order of (recording, time), and the windows that they are cut into."""

    path: Path
    frame: pd.DataFrame
    recordings: np.ndarray
    step: float | None  # time between steps; None: rows keep no clock
    places: np.ndarray
    pieces: Pieces

    def windows(self, channels: list[str], spec: Windows, cut: Cut) -> np.ndarray:
        """The windows `(n, length, channels)`, memory-mapped."""

        def make() -> np.ndarray:
            values = numbers(self.path, self.frame, channels, self.frame[spec.id])
            return windows_of(values, self.places, self.pieces, cut.length)

        key = (spec.id, channels, cut.length, hash_arrays(self.places, self.pieces.first, self.pieces.start))
        return cached_array(self.path, make, key)

    @property
    def ids(self) -> np.ndarray:
        return piece_ids(self.recordings, self.pieces)


def load_recordings(spec: Windows, base: Path, train_path: Path, cut: Cut) -> Loaded:
    """Training and test windows of `data.cut`; a window is in the group of its recording. Raises BadInput."""
    table = _read(spec, cut, train_path, _labelled_frame(spec, train_path))
    values = table.frame[spec.target]
    kind = spec.target_kind or guess_target_kind(values)
    if kind == "real" and cut.label == "majority":
        raise BadInput("data.cut.label: majority is for classes, the target is real; take center or last")
    labels = pd.factorize(values)[0]
    rows = label_rows(labels, table.places, table.pieces, cut)
    notes = _left_out(table, values, rows, cut)
    table, rows = replace(table, pieces=table.pieces.take(rows >= 0)), rows[rows >= 0]
    known = labels >= 0

    def mirrored(channels: list[str]) -> list[str]:
        said = labels[known] if kind == "classes" else values.to_numpy(dtype=np.float64)[known]
        return [channel for channel in channels if mirrors(table.frame[channel][known], said, kind)]

    channels = spec.channels_of(train_path, table.frame, mirrored, notes)
    side = table.frame.iloc[rows].drop(columns=[*channels, str(spec.id)])
    target_spec, target = target_of(train_path, side, table.ids, spec.target, kind)
    train = _dataset(spec, cut, table, channels, target, _groups(spec, table, rows, notes))
    test, sample = _test(spec, base, cut, table, channels), spec.path(base, "sample")
    if sample is not None and test is not None:
        _names_windows(sample, str(spec.id), test.ids)
    clock = Grid(table.step, None, cut.length)
    return Loaded(train, target_spec, test, sample, notes, spec.file_hashes(base), clock)


def _labelled_frame(spec: Windows, path: Path) -> pd.DataFrame:
    """The rows of the training recordings, each recording in one group."""
    instead = {
        "labels": f"the target stands on every row of {path.name}",
        "order": "the order is that of the windows' starts",
    }
    for field, said in instead.items():
        if getattr(spec, field) is not None:
            raise BadInput(f"data.{field}: with data.cut, {said}; leave {field} out")
    frame = spec.long_frame(path)
    need_column(path, frame.columns, spec.target, "target")
    if spec.group:
        constant_rows(path, frame, {spec.group: "group"}, str(spec.id))
        groups_of(path, frame, frame[str(spec.id)].to_numpy(), spec.group)  # raises where one is missing
    return frame


def _test(spec: Windows, base: Path, cut: Cut, train: _Table, channels: list[str]) -> Dataset | None:
    """The test recordings, cut alike."""
    path = spec.path(base, "test")
    if path is None:
        return None
    frame = spec.long_frame(path)
    spec.need_channels(path, frame, train.path, channels)
    return _dataset(spec, cut, _read(spec, cut, path, frame, train), channels, None, None)


def _read(spec: Windows, cut: Cut, path: Path, frame: pd.DataFrame, train: _Table | None = None) -> _Table:
    """A table cut into windows, by the clock of the training recordings where they are given."""
    recordings = np.asarray(pd.unique(frame[str(spec.id)].astype(str)), dtype=str)
    order, codes, times = in_order(path, frame, recordings, str(spec.id), spec.time)
    step = step_of(codes, times) if train is None else train.step
    places = places_of(codes, times, step)
    # the index of the ordered rows still says where they stand in the file, which errors name
    return _Table(path, frame.iloc[order], recordings, step, places, pieces_of(codes, places, cut))


def _left_out(table: _Table, values: pd.Series, rows: np.ndarray, cut: Cut) -> list[str]:
    """What to say of windows without a label, and of labels that no window has. Raises BadInput where none has one."""
    count = int((rows < 0).sum())
    if count == len(rows):
        raise BadInput(f"data.cut.label: {cut.label} finds no label for any window of {table.path}")
    if count == 0:
        return []
    said = f"{count} of {len(rows)} windows of {table.path.name} have no one label ({cut.label}) and are left out"
    lost = sorted(set(values.dropna().astype(str)) - set(values.iloc[rows[rows >= 0]].astype(str)))
    return [said + (f"; none is left of {some(lost)}" if lost else "")]


def _groups(spec: Windows, table: _Table, rows: np.ndarray, notes: list[str]) -> np.ndarray | None:
    """The group of each window: that of the group column, or its recording; None where one recording is all."""
    if spec.group is None and len(table.recordings) == 1:
        notes.append(
            f"{table.path.name} is one recording, so its windows have no groups: only folds by time (blocks) with a"
            " guard keep those that overlap on one side"
        )
        return None
    column = spec.group or str(spec.id)
    return groups_of(table.path, table.frame, table.frame[str(spec.id)].to_numpy(), column)[rows]


def _dataset(
    spec: Windows, cut: Cut, table: _Table, channels: list[str], target: np.ndarray | None, groups: np.ndarray | None
) -> Dataset:  # fmt: skip
    ids, source = table.ids, table.windows(channels, spec, cut)
    order = table.pieces.start.astype(np.float64) if target is not None else None
    mark = hash_value([hash_arrays(ids, target, groups, order), cut.model_dump()])
    return Dataset(
        "windows",
        ids,
        source,
        tuple(channels),
        target,
        groups,
        order,
        fingerprint=mark,
        span=float(cut.length),
    )


def _names_windows(path: Path, id_column: str, test_ids: np.ndarray) -> None:
    """A sample names test windows, not test recordings."""
    frame = read_table(path, (id_column,))
    need_column(path, frame.columns, id_column, "sample")
    strange = ~frame[id_column].isin(test_ids)
    if strange.any():
        raise BadInput(
            f"data.sample: with data.cut a test sample is a window, named recording-start: {some(test_ids)};"
            f" line {int(np.flatnonzero(strange)[0]) + 2} of {path} names {frame[id_column][strange].iloc[0]!r}"
        )
