"""Tables with a column for every pixel: too wide to hold, so read a line at a time."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from holdfast.data.columns import ids_of
from holdfast.data.files import columns_of, need_column
from holdfast.errors import BadInput

LOOKED_AT = 8  # lines that tell whether whole numbers are written
FRACTION = frozenset(".eEnN")  # letters of numbers that are no whole ones, NaN included


@dataclass(frozen=True)
class WideTable:
    """The header and the ids of such a table; `whole`: its values are whole numbers, by its first lines."""

    header: tuple[str, ...]
    ids: np.ndarray
    whole: bool


def read_wide(path: Path, id_column: str | None) -> WideTable:
    """Header and ids of a `.csv`, `.csv.gz` or `.parquet`; its values are only looked at in the first lines.

    Without an id column the ids are row numbers. Raises BadInput for a damaged file, a line with too few or
    too many fields, an id that is missing or stands twice.
    """
    header = tuple(columns_of(path))
    if id_column is not None:
        need_column(path, header, id_column, "id")
    if len(set(header)) < len(header):
        twice = next(column for column in header if header.count(column) > 1)
        raise BadInput(f"{path}: the header names {twice!r} twice")
    if path.name.endswith(".parquet"):
        names, whole = _of_parquet(path, header, id_column)
    else:
        names, whole = [], True
        for name, values in wide_lines(path, id_column):
            if len(names) < LOOKED_AT:
                whole = whole and FRACTION.isdisjoint(values)
            names.append(name or None)
    if not names:
        raise BadInput(f"{path}: has a header but no rows")
    frame = pd.DataFrame({} if id_column is None else {id_column: names}, index=range(len(names)))
    return WideTable(header, ids_of(path, frame, id_column), whole)


def wide_lines(path: Path, id_column: str | None) -> Iterator[tuple[str, str]]:
    """Of each line below the header its id ("" where there is no id column) and its other fields as they stand.

    Only one line is in memory. Blank lines are passed over; a line with other fields than the header raises.
    """
    header = columns_of(path)
    place = None if id_column is None else header.index(id_column)
    with open_text(path) as file:
        try:
            next(file)
            for number, line in enumerate(file, start=2):
                line = line.rstrip("\r\n")
                if not line:
                    continue
                name, values, fields = _split(line, place)
                if fields != len(header):
                    raise BadInput(
                        f"{path}: line {number} has {fields:,} fields, the header has {len(header):,}"
                    )
                yield name, values
        except UnicodeDecodeError:
            raise BadInput(f"{path}: the text is not UTF-8; save it as UTF-8") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadInput(f"{path}: the compressed file is damaged or cut off: {error}") from None


def open_text(path: Path) -> TextIO:
    """A text file or a gzip of one, to read; a BOM is passed over."""
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _split(line: str, place: int | None) -> tuple[str, str, int]:
    """The field at `place`, the others joined by commas, and how many there are in all."""
    if '"' in line:
        fields = next(csv.reader([line]))
        name = "" if place is None else fields.pop(place)
        return name, ",".join(fields), len(fields) + (place is not None)
    commas = line.count(",")
    if place is None or place > commas:
        return "", line, commas + 1
    if place == 0:
        name, _, values = line.partition(",")
        return name, values, commas + 1
    fields = line.split(",")
    name = fields.pop(place)
    return name, ",".join(fields), commas + 1


def _of_parquet(path: Path, header: tuple[str, ...], id_column: str | None) -> tuple[list[str | None], bool]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            rows = file.metadata.num_rows
            whole = all(
                pa.types.is_integer(file.schema_arrow.field(name).type)
                for name in header
                if name != id_column
            )
            if id_column is None:
                return [""] * rows, whole
            names = file.read(columns=[id_column]).column(0).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path}: cannot be read as Parquet: {error}") from None
    return [None if name is None else str(name) for name in names], whole
