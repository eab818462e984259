"""Sensor windows: arrays `(n, steps, channels)` beside a CSV of ids, or long tables `(id, time, channels…)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from holdfast.data.base import DataSpec
from holdfast.data.cache import cached_array, cached_facts
from holdfast.data.clock import Grid
from holdfast.data.columns import ids_of, match, mirrors, some
from holdfast.data.cut import Cut
from holdfast.data.dataset import Dataset, Loaded
from holdfast.data.files import columns_of, is_array, need_column, read_array, read_table
from holdfast.data.form import Form
from holdfast.data.length import Length, with_length
from holdfast.data.long import constant_rows, first_rows, fit_grid, in_order, is_constant, to_windows
from holdfast.data.recordings import load_recordings
from holdfast.errors import BadInput
from holdfast.recipe.registry import component
from holdfast.recipe.strict import nearest
from holdfast.store.hashes import hash_arrays, hash_value, hashed_once


@component("windows")
class Windows(DataSpec):
    """Windows of sensor channels; gaps (missing values, missing rows, unequal lengths) become NaN.

    Arrays: `train` is an `.npy` or `.npz` of `(n, steps, channels)`, and `labels` a CSV whose rows are in
    the same order. Long tables: `train` has a row for each id and time. With `cut`, an id is a recording, the
    target stands on every row, and the samples are windows of it, named recording-start.
    """

    default_prepare: ClassVar[tuple[str, ...]] = ("interpolate", "standardize")

    time: str | None = Field(None, description="column of time in a long table; null: rows are in order")
    channels: tuple[str, ...] = Field(
        (), description="channels to use, or for arrays their names; empty: all"
    )
    test_ids: str | None = Field(
        None, description="CSV of the test ids, beside a test array; null: the sample's ids"
    )
    length: Length | None = Field(
        None, description="one length for all windows; null: that of the longest training window"
    )
    cut: Cut | None = Field(
        None, description="cut continuous recordings into windows; null: an id is a window"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.length is not None and self.cut is not None:
            raise ValueError("length: windows of cut have the length that cut says; leave length out")
        return self

    def load(self, base: Path) -> Loaded:
        train_path = self.needed(base, "train")
        with hashed_once():
            loaded = self._load(base, train_path)
        for data, path in ((loaded.train, train_path), (loaded.test, self.path(base, "test"))):
            if data is not None and path is not None:
                _refuse_infinite(path, data)
        return loaded

    def _load(self, base: Path, train_path: Path) -> Loaded:
        if not is_array(train_path):
            return (
                load_recordings(self, base, train_path, self.cut)
                if self.cut
                else self._load_long(base, train_path)
            )
        if self.cut is not None:
            raise BadInput(
                f"data.cut: {train_path} is an array, whose windows are cut already; leave cut out"
            )
        return self._load_arrays(base, train_path)

    def new_samples(self, path: Path, form: Form, ids: Path | None, whole: bool) -> Iterator[Dataset]:
        from holdfast.data.new_windows import new_windows

        return new_windows(self, path, form, ids)

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
        if (length := self.length) is not None:
            return cached_array(path, lambda: with_length(array, length), length.model_dump())
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
        if self.length is not None:
            mark = hash_value([mark, self.length.model_dump()])
        return Dataset("windows", ids, inputs, names, **side, fingerprint=mark)

    # Long tables.

    def _load_long(self, base: Path, train_path: Path) -> Loaded:
        labels_path = self.path(base, "labels")
        self._need_long(train_path)
        long = cache(lambda: self.long_frame(train_path))  # read where it is not known what it holds
        if labels_path is None:
            labels_path, side_frame = (
                train_path,
                constant_rows(train_path, long(), self._side_columns(), self._id),
            )
            ids = ids_of(train_path, side_frame, self.id)
        else:
            side_frame, ids = self.read_labels(labels_path)
        spec, side = self.side(labels_path, side_frame, ids)

        def look() -> dict[str, list[str]]:
            there = np.asarray(pd.unique(long()[self._id].astype(str)), dtype=str)
            match(ids, there, labels_path, train_path, "the window")
            notes: list[str] = []
            channels = self.channels_of(
                train_path,
                long(),
                lambda names: self._mirrors(long(), names, ids, side["target"], spec.kind),
                notes,
            )
            return {"channels": channels, "notes": notes}

        seen = self.model_dump(mode="json"), spec.kind, hash_arrays(ids, side["target"])
        found = cached_facts(train_path, look, ("channels", *seen))
        channels, marks = found["channels"], self.file_hashes(base)
        clock = self._clock(train_path, long, ids)

        def windows() -> np.ndarray:
            return to_windows(train_path, long(), ids, self._id, self.time, channels, clock, self.length)[0]

        key: tuple[Any, ...] = (self.id, self.time, channels, hash_arrays(ids))
        if self.length is not None:
            key = (*key, self.length.model_dump())
        inputs = cached_array(train_path, windows, key)
        test, test_path = None, self.path(base, "test")
        if test_path is not None:
            self._need_long(test_path)
            test_long = cache(lambda: self.long_frame(test_path))

            def named() -> np.ndarray:
                self.need_channels(test_path, test_long(), train_path, channels)
                return np.asarray(pd.unique(test_long()[self._id].astype(str)), dtype=str)

            test_ids = np.array(cached_array(test_path, named, ("ids", self.id, self.group, channels)))

            def test_windows() -> np.ndarray:
                return to_windows(
                    test_path, test_long(), test_ids, self._id, self.time, channels, clock, self.length
                )[0]

            test_source = cached_array(test_path, test_windows, (*key, marks[self.train]))
            test = self._dataset(test_ids, test_source, tuple(channels), {})
        train = self._dataset(ids, inputs, tuple(channels), side)
        return Loaded(train, spec, test, self.path(base, "sample"), found["notes"], marks, clock)

    def _clock(self, path: Path, long: Callable[[], pd.DataFrame], ids: np.ndarray) -> Grid:
        """What training times become steps by; kept, as sorting a long table takes time."""

        def fitted() -> np.ndarray:
            grid = fit_grid(*in_order(path, long(), ids, self._id, self.time)[1:])
            return np.array([grid.step, grid.start, grid.steps], dtype=np.float64)  # NaN where there is none

        step, start, steps = cached_array(
            path, fitted, ("clock", self.id, self.time, hash_arrays(ids))
        ).tolist()
        return Grid(None if np.isnan(step) else step, None if np.isnan(start) else start, round(steps))

    @property
    def _id(self) -> str:
        assert self.id is not None
        return self.id

    def _side_columns(self) -> dict[str, str]:
        """The columns of target, group and order, each with its field."""
        return {column: field for field in ("target", "group", "order") if (column := getattr(self, field))}

    def _need_long(self, path: Path) -> None:
        """Raises BadInput where a long table lacks the columns of ids and times."""
        if self.id is None:
            raise BadInput(
                f"data.id: {path} is a long table; name the column that says which sample a row is of"
            )
        for name in ("id", "time"):
            if (column := getattr(self, name)) is not None:
                need_column(path, columns_of(path), column, name)

    def long_frame(self, path: Path) -> pd.DataFrame:
        """The rows of a long table, each with an id; other columns as they are."""
        self._need_long(path)
        frame = read_table(path, (self.id, self.group))
        missing = np.flatnonzero(frame[self._id].isna())
        if len(missing):
            raise BadInput(f"{path}: line {missing[0] + 2}: the id ({self.id}) is missing")
        return frame

    def channels_of(
        self,
        path: Path,
        frame: pd.DataFrame,
        mirrored_of: Callable[[list[str]], list[str]],
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
        mirrored = mirrored_of(channels)
        if mirrored:
            notes.append(f"columns that mirror the target are no channels: {some(mirrored)}")
            channels = [channel for channel in channels if channel not in mirrored]
        if not channels:
            raise BadInput(f"data: {path} has no channel beside {some(frame.columns)}")
        return channels

    def _mirrors(
        self, frame: pd.DataFrame, channels: list[str], ids: np.ndarray, target: np.ndarray, kind: str
    ) -> list[str]:
        """Channels that are constant in each window and say the same as its target."""
        first = first_rows(frame[self._id])
        constant = [channel for channel in channels if is_constant(frame[channel], first)]
        firsts = frame.drop_duplicates(self.id).set_index(self.id)[constant]
        firsts = firsts.set_axis(firsts.index.astype(str)).loc[ids]
        return [channel for channel in constant if mirrors(firsts[channel], target, kind)]

    def need_channels(self, path: Path, frame: pd.DataFrame, train_path: Path, channels: list[str]) -> None:
        """Raises BadInput where a test table lacks channels."""
        missing = [channel for channel in channels if channel not in frame.columns]
        if missing:
            raise BadInput(f"data.test: {path} lacks the channels {some(missing)} that {train_path} has")


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
