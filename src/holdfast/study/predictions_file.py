"""A file of predictions, written some samples at a time: ids, and class probabilities by name, values or grids."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import pandas as pd

from holdfast.data.columns import some
from holdfast.errors import BadInput
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import whole

ENDINGS = (".csv", ".csv.gz", ".parquet", ".npy")
SUM_ERROR = 1e-3  # of the probabilities of one sample, of float32 and many classes


class Writer(Protocol):
    """Takes the predictions of some samples after those before."""

    def add(self, ids: np.ndarray, predictions: np.ndarray) -> None: ...


def columns_of(target: TargetSpec) -> list[str]:
    """What the columns beside the id are called: classes, the target, or `lead_y_x` of a grid's pixels."""
    if target.kind == "classes":
        return list(target.names)
    if target.kind == "real":
        return [target.column]
    leads, height, width = target.shape
    return [f"{t}_{y}_{x}" for t in range(1, leads + 1) for y in range(height) for x in range(width)]


def check_rows(ids: np.ndarray, predictions: np.ndarray, target: TargetSpec) -> None:
    """Raises BadInput that names samples without a finite prediction, or whose probabilities do not sum to one."""
    flat = predictions.reshape(len(predictions), -1)
    if len(flat) != len(ids):
        raise BadInput(f"{len(flat)} predictions for {len(ids)} samples")
    bad, what = ~np.isfinite(flat).all(axis=1), "are no finite numbers"
    if target.kind == "classes" and not bad.any():
        off = np.abs(flat.sum(axis=1, dtype=np.float64) - 1) > SUM_ERROR
        bad, what = off | (flat < -SUM_ERROR).any(axis=1), "are no probabilities"
    if bad.any():
        raise BadInput(f"{int(bad.sum())} predictions {what}, of the ids {some(ids[bad])}")


@contextmanager
def predictions_file(path: Path, target: TargetSpec, id_column: str, force: bool) -> Iterator[Writer]:
    """A writer for `path`, which is there whole at the end or not at all. Raises BadInput for a name that is taken."""
    refuse_taken(path, force)
    if id_column in (names := columns_of(target)):
        id_column = f"{id_column}_of_sample"
    with whole(path) as file:
        made: _Csv | _Parquet | _Array
        if path.name.endswith(".npy"):
            made = _Array(file, path)
        elif path.name.endswith(".parquet"):
            made = _Parquet(file, id_column, names)
        else:
            made = _Csv(file, id_column, names, path.name.endswith(".gz"))
        yield made
        made.close()


def refuse_taken(path: Path, force: bool) -> None:
    """Raises BadInput where a file of predictions cannot be written there, or is there already."""
    if not path.name.endswith(ENDINGS):
        raise BadInput(f"-o: {path}: expected a name that ends with {', '.join(ENDINGS)}")
    for file in (path, *([ids_beside(path)] if path.name.endswith(".npy") else [])):
        if file.is_dir() or (file.exists() and not force):
            raise BadInput(f"{file}: exists already; name another file with -o, or overwrite it with --force")


def ids_beside(path: Path) -> Path:
    """The file of the ids of an array: `x.npy` → `x.ids.csv`."""
    return path.with_name(path.name.removesuffix(".npy") + ".ids.csv")


class _Csv:
    """Numbers are written in as many digits as give back the same float."""

    def __init__(self, file: BinaryIO, id_column: str, names: list[str], packed: bool):
        self.packed = gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) if packed else None
        self.text = io.TextIOWrapper(self.packed or file, encoding="utf-8", newline="")
        self.id_column, self.names, self.begun = id_column, names, False

    def add(self, ids: np.ndarray, predictions: np.ndarray) -> None:
        frame = _frame(self.id_column, self.names, ids, predictions)
        frame.to_csv(self.text, index=False, header=not self.begun, lineterminator="\n")
        self.begun = True

    def close(self) -> None:
        self.text.detach()
        if self.packed is not None:
            self.packed.close()


class _Parquet:
    def __init__(self, file: BinaryIO, id_column: str, names: list[str]):
        self.file, self.id_column, self.names = file, id_column, names
        self.writer: Any = None

    def add(self, ids: np.ndarray, predictions: np.ndarray) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(
            _frame(self.id_column, self.names, ids, predictions), preserve_index=False
        )
        self.writer = self.writer or pq.ParquetWriter(self.file, table.schema)
        self.writer.write_table(table)

    def close(self) -> None:
        self.writer.close()


class _Array:
    """An array `(n, …)` as the predictions are, and its ids in a CSV beside it."""

    def __init__(self, file: BinaryIO, path: Path):
        self.file, self.beside, self.n = file, ids_beside(path), 0
        self.ids: list[np.ndarray] = []
        self.form: dict[str, Any] = {}

    def add(self, ids: np.ndarray, predictions: np.ndarray) -> None:
        predictions = np.ascontiguousarray(predictions)
        if not self.form:
            self.form = np.lib.format.header_data_from_array_1_0(predictions)
            self._head()
        self.file.write(predictions.tobytes())
        self.n += len(predictions)
        self.ids.append(ids)

    def close(self) -> None:
        from holdfast.store.atomic import write_text

        self.file.seek(0)
        self._head()  # as long as before: numpy leaves room for the first axis to grow
        frame = pd.DataFrame({"id": np.concatenate(self.ids)})
        write_text(self.beside, frame.to_csv(index=False, lineterminator="\n"))

    def _head(self) -> None:
        shape = (self.n, *self.form["shape"][1:])
        np.lib.format.write_array_header_1_0(self.file, {**self.form, "shape": shape})


def _frame(id_column: str, names: list[str], ids: np.ndarray, predictions: np.ndarray) -> pd.DataFrame:
    values = pd.DataFrame(predictions.reshape(len(predictions), -1), columns=names)
    values.insert(0, id_column, ids.astype(object))
    return values
