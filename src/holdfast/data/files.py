"""Reading tables and arrays from files, with errors that name file, line and column."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.data.cache import cached_frame, kept_frame
from holdfast.errors import BadInput
from holdfast.recipe.strict import nearest

TABLE_ENDINGS = (".csv", ".csv.gz", ".parquet")
ARRAY_ENDINGS = (".npy", ".npz")


def is_array(path: Path) -> bool:
    return path.name.endswith(ARRAY_ENDINGS)


def must_exist(path: Path, field: str) -> Path:
    """The path itself; raises BadInput where there is no such file or it is empty."""
    if not path.is_file():
        near = sorted(p.name for p in path.parent.glob("*") if p.is_file()) if path.parent.is_dir() else []
        raise BadInput(f"data.{field}: {path} does not exist; {nearest(path.name, near)}")
    if path.stat().st_size == 0:
        raise BadInput(f"data.{field}: {path} is empty")
    return path


def read_table(
    path: Path, text_columns: Iterable[str | None] | None = (), only: Sequence[str] | None = None
) -> pd.DataFrame:
    """A CSV (UTF-8 with or without BOM, or CP949; `.gz` too) or Parquet file as a frame.

    `text_columns` (None: all) stay as written ("007" keeps its zeros). `only`: columns to read.
    Raises BadInput for an empty file, a line with too few or too many fields, text in no known encoding.
    """
    as_text = None if text_columns is None else {column for column in text_columns if column}
    if path.name.endswith(".parquet"):
        return _read_parquet(path, as_text, only)
    if not path.name.endswith((".csv", ".csv.gz")):
        raise BadInput(f"{path}: expected a file that ends with {', '.join(TABLE_ENDINGS)}")
    columns = only and list(only)
    if as_text:  # a frame that was read without saying which columns are texts, as `new` does, often will do
        plain = kept_frame(path, ["table", [], columns])
        if plain is not None and (plain[list(as_text & set(plain.columns))].dtypes == "str").all():
            return plain
    key = ["table", None if as_text is None else sorted(as_text), columns]
    return cached_frame(path, lambda: _read_csv(path, as_text, only), key)


def _read_csv(path: Path, as_text: set[str] | None, only: Sequence[str] | None) -> pd.DataFrame:
    frame = parsed(path, _decoded(path), as_text, only)
    if frame.empty:
        raise BadInput(f"{path}: has a header but no rows")
    return frame


def parsed(
    path: Path, text: bytes, as_text: set[str] | None, only: Sequence[str] | None = None, before: int = 0
) -> pd.DataFrame:
    """The rows of a CSV's text; `before`: how many lines of the file stand between its header and these."""
    header = _check_fields(path, text, before)
    _check_columns_once(path, header)
    dtype: Any = str if as_text is None else {column: str for column in as_text if column in header}
    try:
        frame = pd.read_csv(
            io.BytesIO(text), dtype=dtype or None, usecols=list(only) if only else None, low_memory=False
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise BadInput(f"{path}: cannot be read as CSV: {error}") from None
    if before:
        frame.index = pd.RangeIndex(before, before + len(frame))
    return frame


def columns_of(path: Path) -> list[str]:
    """Names of the columns of a table file, without reading its rows."""
    if path.name.endswith(".parquet"):
        import pyarrow.parquet as pq

        try:
            return [str(name) for name in pq.read_schema(path).names]
        except Exception as error:  # pyarrow raises many kinds for a damaged file
            raise BadInput(f"{path}: cannot be read as Parquet: {error}") from None
    opener = gzip.open if path.name.endswith(".gz") else open
    try:
        with opener(path, "rb") as file:
            head = file.readline()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{path}: the compressed file is damaged or cut off: {error}") from None
    return next(csv.reader([text_of(path, head).decode("utf-8")]), [])


def _read_parquet(path: Path, as_text: set[str] | None, only: Sequence[str] | None) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path, columns=list(only) if only else None)
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise BadInput(f"{path}: cannot be read as Parquet: {error}") from None
    if frame.empty:
        raise BadInput(f"{path}: has no rows")
    for column in frame.columns if as_text is None else as_text & set(frame.columns):
        frame[column] = frame[column].astype(str).where(frame[column].notna())
    return frame


def _decoded(path: Path) -> bytes:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{path}: the compressed file is damaged or cut off: {error}") from None
    if not raw.strip():
        raise BadInput(f"{path}: the file is empty")
    return text_of(path, raw)


def text_of(path: Path, raw: bytes) -> bytes:
    """The bytes as UTF-8 without BOM."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return raw.decode(encoding).encode("utf-8")
        except UnicodeDecodeError:
            continue
    raise BadInput(f"{path}: text is neither UTF-8 nor CP949; save it as UTF-8")


def _check_fields(path: Path, text: bytes, before: int = 0) -> list[str]:
    """Every line has as many fields as the header; returns the header. `before`: lines after it that are not here."""
    if b'"' in text:
        return _check_quoted(path, text, before)
    data = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    if len(ends) == 0 or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    commas = np.searchsorted(np.flatnonzero(data == ord(",")), ends)
    fields = np.diff(commas, prepend=0) + 1
    lengths = np.diff(ends, prepend=-1) - 1
    blank = lengths <= (1 if b"\r" in text[: ends[0] + 1] else 0)
    wrong = np.flatnonzero((fields != fields[0]) & ~blank)
    if len(wrong):
        line, last = int(wrong[0]) + 1 + before, int(wrong[0]) == len(ends) - 1
        _wrong_fields(path, line, int(fields[wrong[0]]), int(fields[0]), last)
    return text[: ends[0]].decode().rstrip("\r").split(",")


def _check_quoted(path: Path, text: bytes, before: int) -> list[str]:
    reader = csv.reader(io.StringIO(text.decode(), newline=""))
    header: list[str] = []
    bad: tuple[int, int] | None = None
    for row in reader:
        if bad:
            _wrong_fields(path, *bad, len(header), last=False)
        if not header:
            header = row
        elif row and len(row) != len(header):
            bad = (reader.line_num + before, len(row))
    if bad:
        _wrong_fields(path, *bad, len(header), last=True)
    return header


def _wrong_fields(path: Path, line: int, found: int, expected: int, last: bool) -> None:
    cut = "; it is the last line: was the file cut off?" if last and found < expected else ""
    raise BadInput(f"{path}: line {line} has {found} fields, the header has {expected}{cut}")


def _check_columns_once(path: Path, header: list[str]) -> None:
    twice = {column for column in header if header.count(column) > 1}
    if twice:
        raise BadInput(f"{path}: the header names {sorted(twice)[0]!r} twice")


def need_column(path: Path, frame_columns: Iterable[str], column: str, field: str) -> None:
    """Raises BadInput where a column that the recipe names is absent."""
    names = list(frame_columns)
    if column not in names:
        raise BadInput(f"data.{field}: {path} has no column {column!r}; {nearest(column, names)}")


def numbers(path: Path, frame: pd.DataFrame, columns: Sequence[str], ids: pd.Series | None) -> np.ndarray:
    """The columns as float32 `(rows, columns)`; a text where a number should be is named with its line."""
    out = np.empty((len(frame), len(columns)), dtype=np.float32)
    for j, column in enumerate(columns):
        values = frame[column]
        if not pd.api.types.is_numeric_dtype(values):
            parsed = pd.to_numeric(values, errors="coerce")
            wrong = np.flatnonzero(parsed.isna() & values.notna())
            if len(wrong):
                row = int(wrong[0])
                who = f" (id {ids.iloc[row]})" if ids is not None else ""
                raise BadInput(
                    f"{path}: line {frame.index[row] + 2}{who}, column {column!r}:"
                    f" expected a number, found {values.iloc[row]!r}"
                    f" ({len(wrong)} such values in this column); if it is no feature, list it under data.drop"
                )
            values = parsed
        out[:, j] = values.to_numpy(dtype=np.float32, na_value=np.nan)
    if np.isinf(out).any():
        row, j = (int(i[0]) for i in np.nonzero(np.isinf(out)))
        raise BadInput(
            f"{path}: line {frame.index[row] + 2}, column {columns[j]!r}: expected a finite number, found an infinite one"
        )
    return out


def read_array(path: Path, field: str) -> np.ndarray:
    """The samples of an `.npy` (memory-mapped) or `.npz` (its one array of 3 axes, or its only one)."""
    try:
        if path.name.endswith(".npy"):
            return np.load(path, mmap_mode="r", allow_pickle=False)
        with np.load(path, allow_pickle=False) as archive:
            deep = (
                [name for name in archive.files if archive[name].ndim >= 3]
                if len(archive.files) > 1
                else archive.files
            )
            if len(deep) != 1:
                raise BadInput(
                    f"data.{field}: {path} holds {archive.files}; expected one array (n, steps, channels)"
                )
            return archive[deep[0]]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"data.{field}: {path} cannot be read as an array: {error}") from None
