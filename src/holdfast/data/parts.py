"""Tables read some rows at a time, checked as a whole one is."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from holdfast.data.files import TABLE_ENDINGS, parsed, text_of
from holdfast.errors import BadInput


def table_parts(path: Path, text_columns: Iterable[str | None], rows: int) -> Iterator[pd.DataFrame]:
    """The rows of a CSV(.gz) or Parquet file, about `rows` at a time; the index counts from the file's first row.

    `text_columns` stay as written. Raises BadInput as `read_table` does, when it comes to the fault.
    """
    as_text = {column for column in text_columns if column}
    made = (
        _of_parquet(path, as_text, rows) if path.name.endswith(".parquet") else _of_csv(path, as_text, rows)
    )
    first = next(made, None)
    if first is None:
        raise BadInput(f"{path}: has no rows")
    yield from chain([first], made)


def _of_csv(path: Path, as_text: set[str], rows: int) -> Iterator[pd.DataFrame]:
    if not path.name.endswith((".csv", ".csv.gz")):
        raise BadInput(f"{path}: expected a file that ends with {', '.join(TABLE_ENDINGS)}")
    done = 0
    try:
        with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as file:
            head = _lines(file, 1)  # type: ignore[arg-type]
            if not head.strip():
                raise BadInput(f"{path}: the file is empty")
            while lines := _lines(file, rows):  # type: ignore[arg-type]
                frame = parsed(path, text_of(path, head + lines), as_text, before=done)
                done += lines.count(b"\n")
                if len(frame):
                    yield frame
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{path}: the compressed file is damaged or cut off: {error}") from None


def _lines(file: BinaryIO, count: int) -> bytes:
    """The next lines; as many more as end a field in quotes that spans lines."""
    lines = list(islice(file, count))
    if sum(line.count(b'"') for line in lines) % 2:
        for line in file:
            lines.append(line)
            if line.count(b'"') % 2:
                break
    return b"".join(lines)


def _of_parquet(path: Path, as_text: set[str], rows: int) -> Iterator[pd.DataFrame]:
    import pyarrow.parquet as pq

    done = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                frame = batch.to_pandas()
                frame.index = pd.RangeIndex(done, done + len(frame))
                done += len(frame)
                for column in as_text & set(frame.columns):
                    frame[column] = frame[column].astype(str).where(frame[column].notna())
                yield frame
    except BadInput:
        raise
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise BadInput(f"{path}: cannot be read as Parquet: {error}") from None
