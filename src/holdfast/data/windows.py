"""Sensor windows: arrays `(n, steps, channels)` beside a CSV of ids, or long tables `(id, time, channels…)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field

from holdfast.data.base import DataSpec
from holdfast.data.cache import cached_array
from holdfast.data.columns import ids_of, match, mirrors, some
from holdfast.data.dataset import Dataset, Loaded
from holdfast.data.files import columns_of, is_array, need_column, read_array, read_table
from holdfast.data.long import Grid, to_windows
from holdfast.errors import BadInput
from holdfast.recipe.registry import component
from holdfast.recipe.strict import nearest
from holdfast.store.hashes import hash_arrays


@component("windows")
class Windows(DataSpec):
    """Windows of sensor channels; gaps (missing values, missing rows, unequal lengths) become NaN.

    Arrays: `train` is an `.npy` or `.npz` of `(n, steps, channels)`, and `labels` a CSV whose rows are in
    the same order. Long tables: `train` has a row for each id and time.
    """

    default_prepare: ClassVar[tuple[str, ...]] = ("interpolate", "standardize")

    time: str | None = Field(None, description="column of time in a long table; null: rows are in order")
    channels: tuple[str, ...] = Field(
        (), description="channels to use, or for arrays their names; empty: all"
    )
    test_ids: str | None = Field(
        None, description="CSV of the test ids, beside a test array; null: the sample's ids"
    )

    def load(self, base: Path) -> Loaded:
        train_path = self.needed(base, "train")
        loaded = (
            self._load_arrays(base, train_path) if is_array(train_path) else self._load_long(base, train_path)
        )
        for data, path in ((loaded.train, train_path), (loaded.test, self.path(base, "test"))):
            if data is not None and path is not None:
                _refuse_infinite(path, data)
        return loaded

    # Arrays beside a CSV.

    def _load_arrays(self, base: Path, train_path: Path) -> Loaded:
        if self.labels is None:
            raise BadInput(f"data.labels: {train_path} is an array; name the CSV with its ids and targets")
        labels_path = self.needed(base, "labels")
        frame, ids = self.read_labels(labels_path)
        spec, side = self.side(labels_path, frame, ids)
        inputs = self._array(train_path, "train", len(ids), labels_path)
        train = self._dataset(ids, inputs, self._channel_names(train_path, inputs), side)
        hashes = self.file_hashes(base)
        test, test_path = None, self.path(base, "test")
        if test_path is not None:
            ids_field = "test_ids" if self.test_ids else "sample"
            ids_path = self.path(base, ids_field)
            if ids_path is None:
                raise BadInput(
                    f"data.test_ids: {test_path} is an array; name the CSV with its ids, or data.sample"
                )
            ids_frame = read_table(ids_path, (self.id,))
            if self.id is not None:
                need_column(ids_path, ids_frame.columns, self.id, "id")
            test_ids = ids_of(ids_path, ids_frame, self.id)
            source = self._array(test_path, "test", len(test_ids), ids_path)
            if source.shape[1:] != inputs.shape[1:]:
                raise BadInput(
                    f"data.test: {test_path} holds windows of {source.shape[1:]} (steps, channels),"
                    f" {train_path} of {inputs.shape[1:]}"
                )
            test = self._dataset(test_ids, source, train.names, {})
        return Loaded(train, spec, test, self.path(base, "sample"), [], hashes)

    def _array(self, path: Path, field: str, rows: int, ids_path: Path) -> np.ndarray:
        array = read_array(path, field) if path.name.endswith(".npy") else cached_array(
            path, lambda: read_array(path, field)
        )  # fmt: skip
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim != 3 or not np.issubdtype(array.dtype, np.number) or 0 in array.shape:
            raise BadInput(
                f"data.{field}: {path}: expected numbers (n, steps, channels), found {array.dtype} {array.shape}"
            )
        if len(array) != rows:
            raise BadInput(f"data.{field}: {path} holds {len(array)} windows, {ids_path} names {rows} ids")
        return array

    def _channel_names(self, path: Path, inputs: np.ndarray) -> tuple[str, ...]:
        if self.channels and len(self.channels) != inputs.shape[2]:
            raise BadInput(
                f"data.channels: {path} holds {inputs.shape[2]} channels, the recipe names {len(self.channels)}"
            )
        return self.channels or tuple(f"channel_{i}" for i in range(inputs.shape[2]))

    def _dataset(
        self, ids: np.ndarray, inputs: np.ndarray, names: tuple[str, ...], side: dict[str, Any]
    ) -> Dataset:
        mark = hash_arrays(ids, *(side.get(name) for name in ("target", "groups", "order")))
        return Dataset("windows", ids, inputs, names, **side, fingerprint=mark)

    # Long tables.

    def _load_long(self, base: Path, train_path: Path) -> Loaded:
        if self.id is None:
            raise BadInput(
                f"data.id: {train_path} is a long table; name the column that says which sample a row is of"
            )
        labels_path = self.path(base, "labels")
        frame = self._long_frame(train_path, "train")
        if labels_path is None:
            labels_path, side_frame = (
                train_path,
                _constant_rows(train_path, frame, self._side_columns(), self.id),
            )
            ids = ids_of(train_path, side_frame, self.id)
        else:
            side_frame, ids = self.read_labels(labels_path)
            there = pd.unique(frame[self.id].astype(str))
            match(ids, np.asarray(there, dtype=str), labels_path, train_path, "the window")
        spec, side = self.side(labels_path, side_frame, ids)
        notes: list[str] = []
        channels = self._channels_of(train_path, frame, ids, side["target"], spec.kind, notes)
        marks = self.file_hashes(base)
        made: dict[str, Grid] = {}

        def windows() -> np.ndarray:
            array, made["grid"] = to_windows(train_path, frame, ids, self._id, self.time, channels, None)
            return array

        key = (self.id, self.time, channels, hash_arrays(ids))
        inputs = cached_array(train_path, windows, key)
        test, test_path = None, self.path(base, "test")
        if test_path is not None:
            test_frame = self._long_frame(test_path, "test")
            missing = [channel for channel in channels if channel not in test_frame.columns]
            if missing:
                raise BadInput(
                    f"data.test: {test_path} lacks the channels {some(missing)} that {train_path} has"
                )
            test_ids = np.asarray(pd.unique(test_frame[self.id].astype(str)), dtype=str)

            def test_windows() -> np.ndarray:
                if "grid" not in made:  # the training windows came from the cache
                    windows()
                return to_windows(
                    test_path, test_frame, test_ids, self._id, self.time, channels, made["grid"]
                )[0]

            test_source = cached_array(test_path, test_windows, (*key, marks[self.train]))
            test = self._dataset(test_ids, test_source, tuple(channels), {})
        train = self._dataset(ids, inputs, tuple(channels), side)
        return Loaded(train, spec, test, self.path(base, "sample"), notes, marks)

    @property
    def _id(self) -> str:
        assert self.id is not None
        return self.id

    def _side_columns(self) -> dict[str, str]:
        """The columns of target, group and order, each with its field."""
        return {column: field for field in ("target", "group", "order") if (column := getattr(self, field))}

    def _long_frame(self, path: Path, field: str) -> pd.DataFrame:
        for name in ("id", "time"):
            if (column := getattr(self, name)) is not None:
                need_column(path, columns_of(path), column, name)
        frame = read_table(path, (self.id, self.group))
        missing = np.flatnonzero(frame[self._id].isna())
        if len(missing):
            raise BadInput(f"{path}: line {missing[0] + 2}: the id ({self.id}) is missing")
        return frame

    def _channels_of(
        self,
        path: Path,
        frame: pd.DataFrame,
        ids: np.ndarray,
        target: np.ndarray,
        kind: str,
        notes: list[str],
    ) -> list[str]:
        """The channels that the recipe names, or all columns but those of other use and mirrors of the target."""
        if self.channels:
            for channel in self.channels:
                if channel not in frame.columns:
                    raise BadInput(
                        f"data.channels: {path} has no channel {channel!r}; {nearest(channel, map(str, frame.columns))}"
                    )
            return list(self.channels)
        apart = {self.id, self.time, *self._side_columns(), *self.drop}
        channels = [str(column) for column in frame.columns if column not in apart]
        rows = frame.groupby(self.id, sort=False)
        constant = [channel for channel in channels if (rows[channel].nunique(dropna=False) == 1).all()]
        firsts = frame.drop_duplicates(self.id).set_index(self.id)[constant]
        firsts = firsts.set_axis(firsts.index.astype(str)).loc[ids]
        mirrored = [channel for channel in constant if mirrors(firsts[channel], target, kind)]
        if mirrored:
            notes.append(f"columns that mirror the target are no channels: {some(mirrored)}")
            channels = [channel for channel in channels if channel not in mirrored]
        if not channels:
            raise BadInput(f"data: {path} has no channel beside {some(frame.columns)}")
        return channels


def _constant_rows(path: Path, frame: pd.DataFrame, fields: dict[str, str], id_column: str) -> pd.DataFrame:
    """One row an id, for columns (and the recipe's field of each) that are the same in all rows of an id."""
    for column in fields:
        need_column(path, frame.columns, column, fields[column])
        kinds = frame.groupby(id_column, sort=False)[column].nunique(dropna=False)
        if (kinds > 1).any():
            raise BadInput(
                f"{path}: id {kinds[kinds > 1].index[0]} has more than one {column!r}; expected one an id"
            )
    return frame.drop_duplicates(id_column)[[id_column, *fields]].reset_index(drop=True)


def _refuse_infinite(path: Path, data: Dataset) -> None:
    start = 0
    for chunk in data.chunks():
        if np.isinf(chunk).any():
            i, step, channel = (int(axis[0]) for axis in np.nonzero(np.isinf(chunk)))
            raise BadInput(
                f"{path}: id {data.ids[start + i]}, step {step}, channel {data.names[channel]}:"
                " expected a finite number or NaN for a gap, found an infinite one"
            )
        start += len(chunk)
