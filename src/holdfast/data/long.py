"""Long tables `(id, time, channels…)` as windows `(n, steps, channels)`, gaps as NaN."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from holdfast.data.clock import Grid
from holdfast.data.columns import some
from holdfast.data.files import need_column, numbers
from holdfast.data.length import Length
from holdfast.errors import BadInput

# A sampling is called regular when no time stands farther than this share of a step from the grid.
OFF_GRID = 0.25
SOME_ROWS = 1000  # that are looked at before all others


def fit_grid(codes: np.ndarray, times: np.ndarray) -> Grid:
    """The grid of training times; codes and times are sorted by (code, time)."""
    same = np.diff(codes) == 0
    gaps = np.diff(times)[same]
    counts = np.bincount(codes)
    firsts = times[np.r_[True, ~same]]
    if len(gaps) == 0:
        return Grid(None, None, int(counts.max()))
    step = float(np.median(gaps))
    start = float(times.min())
    for origin in (start, None):
        offset = times - (start if origin is not None else firsts[codes])
        places = offset / step
        if np.abs(places - np.round(places)).max() > OFF_GRID:
            continue
        steps = round(float(places.max())) + 1
        if steps <= 2 * counts.max():  # a common clock over separate recordings would leave most of it empty
            return Grid(step, origin, steps)
    return Grid(None, None, int(counts.max()))


def positions(grid: Grid, codes: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Place of each row within its sample; codes and times sorted by (code, time)."""
    starts = np.flatnonzero(np.r_[True, np.diff(codes) != 0])
    lengths = np.diff(np.r_[starts, len(codes)])
    if grid.step is None:
        return np.arange(len(codes)) - np.repeat(starts, lengths)
    origin = grid.start if grid.start is not None else np.repeat(times[starts], lengths)
    return np.round((times - origin) / grid.step).astype(np.int64)


def in_order(
    path: Path, frame: pd.DataFrame, ids: np.ndarray, id_column: str, time_column: str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row numbers by id and time, and in that order the place of each row's id in `ids`, and its time."""
    place, names = pd.factorize(
        frame[id_column], use_na_sentinel=False
    )  # a name is looked up once, not a row each
    codes = pd.Index(ids).get_indexer(np.asarray(pd.Series(names).astype(str), dtype=str))[place]
    if (codes < 0).any():
        strange = frame[id_column].to_numpy()[codes < 0]
        raise BadInput(f"{path} has ids without a label or place in the id list: {some(pd.unique(strange))}")
    times = numbers64(path, frame, time_column) if time_column else np.arange(len(frame), dtype=np.float64)
    order = np.lexsort((times, codes))
    codes, times = codes[order], times[order]
    same = (np.diff(codes) == 0) & (np.diff(times) == 0)
    if same.any():
        row = int(np.flatnonzero(same)[0])
        raise BadInput(
            f"{path}: id {ids[codes[row]]} has time {times[row]:g} twice ({int(same.sum())} such rows)"
        )
    return order, codes, times


def to_windows(
    path: Path, frame: pd.DataFrame, ids: np.ndarray, id_column: str, time_column: str | None,
    channels: list[str], grid: Grid | None, length: Length | None = None,
) -> tuple[np.ndarray, Grid]:  # fmt: skip
    """Windows in the order of `ids`, of the grid's steps or as `length` says; missing steps are NaN.

    Without `length`, steps beyond those of a given grid are cut.
    """
    values = numbers(path, frame, channels, frame[id_column])
    order, codes, times = in_order(path, frame, ids, id_column, time_column)
    if grid is None:
        grid = fit_grid(codes, times)
    places, steps = positions(grid, codes, times), grid.steps
    if length is not None:
        ends = np.zeros(len(ids), dtype=np.int64)
        np.maximum.at(ends, codes, places + 1)
        places, steps = places + length.shifts(ends)[codes], length.steps
    inside = (places >= 0) & (places < steps)
    windows = np.full((len(ids), steps, len(channels)), np.nan, dtype=np.float32)
    windows[codes[inside], places[inside]] = values[order][inside]
    return windows, grid


def first_rows(ids: pd.Series) -> np.ndarray:
    """For each row of a long table the first row with the same id."""
    return np.flatnonzero(~ids.duplicated())[pd.factorize(ids)[0]]


def is_constant(values: pd.Series, first: np.ndarray) -> bool:
    """Whether all rows of an id have the value of its `first` row; a missing value equals a missing one.

    >>> is_constant(pd.Series([1.0, 2.0, 1.0]), np.array([0, 1, 0]))
    True
    """
    for rows in (slice(SOME_ROWS), slice(None)):  # most channels change at once
        codes = pd.factorize(values.iloc[rows])[0]
        if (codes != codes[first[rows]]).any():
            return False
    return True


def constant_rows(path: Path, frame: pd.DataFrame, fields: dict[str, str], id_column: str) -> pd.DataFrame:
    """One row an id, for columns (and the recipe's field of each) that are the same in all rows of an id."""
    for column in fields:
        need_column(path, frame.columns, column, fields[column])
        kinds = frame.groupby(id_column, sort=False)[column].nunique(dropna=False)
        if (kinds > 1).any():
            raise BadInput(
                f"{path}: id {kinds[kinds > 1].index[0]} has more than one {column!r}; expected one an id"
            )
    return frame.drop_duplicates(id_column)[[id_column, *fields]].reset_index(drop=True)


def numbers64(path: Path, frame: pd.DataFrame, column: str) -> np.ndarray:
    """Times as float64: numbers as they are, dates as seconds."""
    values = frame[column]
    if values.isna().any():
        line = frame.index[np.flatnonzero(values.isna())[0]] + 2
        raise BadInput(f"{path}: line {line}: the time ({column}) is missing")
    if not pd.api.types.is_numeric_dtype(values):
        try:
            moments = pd.to_datetime(values)
        except (ValueError, TypeError):
            return numbers(path, frame, [column], None)[:, 0].astype(np.float64)
        return (moments - pd.Timestamp(0, tz=moments.dt.tz)).dt.total_seconds().to_numpy(dtype=np.float64)
    return values.to_numpy(dtype=np.float64)
