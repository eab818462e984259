"""The files of a folder that hold data, each read once, with what is asked of their columns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from holdfast.data.columns import some
from holdfast.data.files import ARRAY_ENDINGS, TABLE_ENDINGS, columns_of, read_array, read_table
from holdfast.data.wide import read_wide
from holdfast.engine.threads import cores
from holdfast.errors import BadInput
from holdfast.plan.frame_files import find_frames, has_frames, pixels_of, wide_as
from holdfast.plan.photos import Photos, find_photos

MOST_ARRAYS = 100  # directly in a folder; more are no sets of samples, but samples


@dataclass(eq=False)
class TableFile:
    """A CSV or Parquet file in memory, and cached answers about its columns.

    `place`: where it lies in the data folder; None: directly in it. `hidden`: columns that are not read, where
    there is one for every pixel.
    """

    path: Path
    frame: pd.DataFrame
    place: str | None = None
    hidden: int = 0
    _different: dict[str, pd.Series] = field(default_factory=dict)
    _names: dict[str, pd.Index] = field(default_factory=dict)
    _codes: dict[str, np.ndarray] = field(default_factory=dict)
    _fractions: dict[str, bool] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.place or self.path.name

    @cached_property
    def columns(self) -> list[str]:
        return list(self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    def different(self, column: str) -> pd.Series:
        """The different values of a column, gaps aside."""
        if column not in self._different:
            self._different[column] = pd.Series(self.frame[column].dropna().unique())
        return self._different[column]

    def distinct(self, column: str | None) -> pd.Index:
        """The different values of a column as text; without a column, the row numbers."""
        if column is None:
            return pd.Index(np.arange(len(self)).astype(str), dtype=object)
        if column not in self._names:
            self._names[column] = pd.Index(as_text(self.different(column)), dtype=object)
        return self._names[column]

    def codes(self, column: str) -> np.ndarray:
        """A number for each row, the same where the column's values are; -1 in gaps."""
        if column not in self._codes:
            self._codes[column] = pd.factorize(self.frame[column])[0]
        return self._codes[column]

    def fractions(self, column: str) -> bool:
        """Whether there are numbers in a column, not all of them whole."""
        if column not in self._fractions:
            self._fractions[column] = has_fractions(self.frame[column])
        return self._fractions[column]

    def one_row_each(self, column: str | None) -> bool:
        """Whether every row has its own value there."""
        return column is None or len(self.different(column)) == len(self)

    def others(self, column: str | None) -> list[str]:
        """The columns beside this one."""
        return [name for name in self.columns if name != column]


@dataclass(eq=False)
class ArrayFile:
    """An array of windows, memory-mapped where it can be."""

    path: Path
    array: np.ndarray

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    def __len__(self) -> int:
        return len(self.array)


@dataclass(frozen=True)
class Files:
    """What a folder holds. `wide`: tables with a column for every pixel of the frames that lie there."""

    folder: Path
    tables: list[TableFile]
    arrays: list[ArrayFile]
    ignored: list[str]
    photos: Photos
    frames: Photos
    wide: list[TableFile]

    def columns(self) -> set[str]:
        return {column for table in self.tables for column in table.columns}

    def seen(self) -> str:
        """Every file in a line, for errors."""
        lines = [f"  {t.name}: {len(t):,} rows; columns {some(t.columns)}" for t in self.tables]
        lines += [f"  {w.name}: {len(w):,} rows; {w.hidden:,} columns of pixels" for w in self.wide]
        lines += [f"  {a.name}: array {a.shape}" for a in self.arrays]
        below = [place for place in self.frames.by_folder if place]
        if below:
            lines.append(f"  .npy files in {some(below)}")
        if self.photos:
            lines.append(
                f"  {len(self.photos):,} photos in {some(place or '.' for place in self.photos.by_folder)}"
            )
        return "\n".join(lines)


def look(folder: Path) -> Files:
    """Read the data files that lie directly in a folder, and find the photos and frames below it.

    Where there are photos but no table beside their folders, tables within those are read.
    Raises BadInput where there is nothing to read, or a file is damaged.
    """
    if not folder.is_dir():
        what = "is a file; give the folder that holds it" if folder.is_file() else "does not exist"
        raise BadInput(f"{folder}: {what}")
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    tables = [path for path in paths if path.is_file() and path.name.endswith(TABLE_ENDINGS)]
    arrays = [path for path in paths if path.is_file() and path.name.endswith(ARRAY_ENDINGS)]
    ignored = [path.name for path in paths if path not in tables and path not in arrays]
    photos, frames = find_photos(folder), find_frames(folder)
    if len(arrays) > MOST_ARRAYS:
        arrays = []  # each is a sample
    if photos and not tables:
        tables = sorted(path for path in folder.glob("[!.]*/[!.]*") if path.name.endswith(TABLE_ENDINGS))
    if not tables and not photos.class_folders() and not has_frames(frames):
        raise BadInput(_nothing(folder, bool(arrays), ignored))
    held = [ArrayFile(path, read_array(path, "train")) for path in arrays]
    pixels = pixels_of(frames, [array.shape for array in held])
    wide = {path: width for path in tables if (width := wide_as(len(columns_of(path)), pixels))}
    long = [path for path in tables if path not in wide]
    with ThreadPoolExecutor(cores()) as pool:  # decompressing and parsing let other threads go on
        read = [
            TableFile(path, _named(frame), _place(path, folder))
            for path, frame in zip(long, pool.map(read_table, long))
        ]
    return Files(
        folder,
        _as_written(_as_written(read, photos), frames),
        held,
        ignored,
        photos,
        frames,
        [_wide(path, folder, width) for path, width in wide.items()],
    )


def _place(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _wide(path: Path, folder: Path, pixels: int) -> TableFile:
    """A table of so many columns of pixels: its ids alone."""
    header = columns_of(path)
    column = header[0] if len(header) > pixels else None
    table = read_wide(path, column)
    frame = pd.DataFrame({} if column is None else {column: table.ids}, index=range(len(table.ids)))
    return TableFile(path, _named(frame), _place(path, folder), pixels)


def _as_written(tables: list[TableFile], photos: Photos) -> list[TableFile]:
    """The tables with columns that name photos as texts: 000123.jpg may stand there as 000123."""
    if not photos:
        return tables
    naming: set[str] = set()
    for table in tables:
        numbers = [
            column
            for column in table.columns
            if column not in naming
            and pd.api.types.is_integer_dtype(table.frame[column])
            and table.one_row_each(column)
        ]
        if numbers:
            texts = read_table(table.path, None, only=numbers)
            naming |= {column for column in numbers if photos.homes(pd.Index(texts[column].unique()))}
    return [
        TableFile(table.path, _named(read_table(table.path, naming)), table.place)
        if naming & set(table.columns)
        else table
        for table in tables
    ]


def as_text(values: pd.Series) -> pd.Series:
    """Values as text, whole numbers without a decimal point (a column with gaps reads 3 as 3.0)."""
    if pd.api.types.is_float_dtype(values) and is_whole(values):
        return values.astype("Int64").astype(str)
    return values.astype(str)


def is_whole(values: pd.Series) -> bool:
    """Whether a column holds whole numbers only (gaps aside)."""
    if pd.api.types.is_integer_dtype(values) or pd.api.types.is_bool_dtype(values):
        return True
    if not pd.api.types.is_float_dtype(values):
        return False
    there = values.to_numpy(dtype=np.float64, na_value=np.nan)
    there = there[~np.isnan(there)]
    return bool(
        np.isfinite(there).all() and (there == np.round(there)).all() and (np.abs(there) < 2**53).all()
    )


def has_fractions(values: pd.Series) -> bool:
    """Whether values are numbers or texts that read as such, not all of them whole."""
    if not is_number(values):
        return False
    numbers = pd.to_numeric(values)
    return len(numbers.dropna()) > 0 and not is_whole(numbers.astype("float64"))


def is_number(values: pd.Series) -> bool:
    """Whether every value there is a number, or a text that reads as one."""
    if pd.api.types.is_numeric_dtype(values):
        return True
    if pd.api.types.is_datetime64_any_dtype(values) or pd.api.types.is_timedelta64_dtype(values):
        return False
    return not bool((pd.to_numeric(values.astype(object), errors="coerce").isna() & values.notna()).any())


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Column names as text (Parquet may hold numbers)."""
    return frame.rename(columns=str)


def _nothing(folder: Path, arrays: bool, ignored: list[str]) -> str:
    if arrays:
        return f"{folder}: arrays, but no table of ids and targets; put a CSV beside them, rows in that order"
    below = sorted(
        {p.parent.name for p in folder.glob("*/*") if p.name.endswith(TABLE_ENDINGS + ARRAY_ENDINGS)}
    )
    hint = f"; there are data in {some(below)}: give that folder" if below else ""
    there = f" (found {some(ignored)})" if ignored else " (it is empty)"
    return f"{folder}: no file ends with {', '.join(TABLE_ENDINGS + ARRAY_ENDINGS)}{there}{hint}"
