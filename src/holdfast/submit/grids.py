"""Submissions of grids: a line a sample, a column a pixel, written and checked some lines at a time."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from itertools import islice
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from holdfast.data.columns import NAMED, some
from holdfast.data.files import columns_of
from holdfast.data.sample import SampleForm
from holdfast.data.units import Unit
from holdfast.data.wide import wide_lines
from holdfast.errors import BadInput
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_whole
from holdfast.store.run import ENSEMBLE, Run
from holdfast.submit.form import target_of

VALUES = 1 << 21  # held at once: 16 MB of float64


def grids_of(run: Run, form: SampleForm, member: str = ENSEMBLE) -> Iterator[np.ndarray]:
    """A run's test forecasts in the lines' order and in the data's unit, `(b, pixels)` of some lines at a time.

    The file of predictions is read through a memory map. Raises BadInput for values that are not finite.
    """
    return codes_of(form, run.test_predictions(member, mapped=True), target_of(run))


def codes_of(form: SampleForm, forecasts: np.ndarray, target: TargetSpec) -> Iterator[np.ndarray]:
    """Forecasts `(n, leads, h, w)` in mm/h as the form writes them, `(b, leads · h · w)` at a time."""
    unit, size = unit_of(target), lines_at_once(prod(target.shape))
    for start in range(0, len(form.rows), size):
        part = slice(start, start + size)
        said = np.asarray(forecasts[form.rows[part]])
        bad = ~np.isfinite(said).all(axis=(1, 2, 3))
        if bad.any():
            raise BadInput(
                f"{int(bad.sum())} forecasts hold values that are no finite numbers, of the ids"
                f" {some(form.ids[part][bad])}"
            )
        codes = unit.codes(np.maximum(said, 0), form.whole).reshape(len(said), -1)
        yield codes if target.top is None else np.minimum(codes, highest(unit, target.top))


def highest(unit: Unit, top: int) -> int:
    """The largest code that is rain: the type's largest, or the one below where that says "missing"."""
    return top - 1 if unit.missing == top else top


def unit_of(target: TargetSpec) -> Unit:
    """The unit that the submission is written in."""
    return Unit.of_text(target.unit)


def lines_at_once(pixels: int) -> int:
    return max(1, VALUES // max(pixels, 1))


def write_grids(path: Path, form: SampleForm, parts: Iterable[np.ndarray]) -> None:
    """Write the lines of `form` with the values of `parts` `(b, pixels)`, whole or not at all; `.gz` packs them."""

    def write(file: BinaryIO) -> None:
        if not path.name.endswith(".gz"):
            _write_lines(file, form, parts)
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed:
            _write_lines(packed, form, parts)

    write_whole(path, write)


def _write_lines(file: BinaryIO | gzip.GzipFile, form: SampleForm, parts: Iterable[np.ndarray]) -> None:
    file.write((",".join(_quoted(name) for name in form.header) + "\n").encode())
    place, done = None if form.id_column is None else form.header.index(form.id_column), 0
    for part in parts:
        columns = [_texts(part[:, :place]), _texts(part[:, place:])] if place else [_texts(part)]
        if place is not None:
            columns.insert(min(place, 1), [_quoted(name) for name in form.ids[done : done + len(part)]])
        file.write("".join(",".join(fields) + "\n" for fields in zip(*columns)).encode())
        done += len(part)


def _texts(values: np.ndarray) -> list[str]:
    """Each row's values, joined by commas; fractions in as few digits as float32 needs.

    >>> _texts(np.array([[0.1, 2.0], [1e-3, 12345.678]]))
    ['0.1,2', '0.001,12345.678']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    flat = values.ravel() if values.dtype.kind == "i" else values.astype(np.float32).ravel()
    ends = pa.array(np.arange(len(values) + 1, dtype=np.int32) * values.shape[1])
    joined: list[str] = pc.binary_join(
        pa.ListArray.from_arrays(ends, pa.array(flat).cast(pa.string())), ","
    ).to_pylist()
    return joined


def _quoted(text: str) -> str:
    """A field as CSV writes it."""
    if not any(letter in text for letter in ',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def verify_grids(path: Path, form: SampleForm, target: TargetSpec) -> None:
    """Read a file of grids and check it against the form: columns, ids, their order, every value.

    A value is a finite number, whole where the sample's are, and no less than what the unit writes for no rain.
    Raises BadInput that names lines.
    """
    header = tuple(columns_of(path))
    if header != form.header:
        raise BadInput(f"{path}: other columns than the sample: {_other(header, form.header)}")
    dry = float(unit_of(target).codes(np.zeros(1), form.whole)[0])
    lines, size, done = wide_lines(path, form.id_column), lines_at_once(len(header)), 0
    while part := list(islice(lines, size)):
        names, texts = [name for name, _ in part], [text for _, text in part]
        _check_ids(path, names, form, done)
        _check_values(path, texts, names, form, done, dry)
        done += len(part)
    if done != len(form.ids):
        raise BadInput(f"{path}: has {done:,} rows, expected {len(form.ids):,}")


def _check_ids(path: Path, names: list[str], form: SampleForm, before: int) -> None:
    if form.id_column is None:
        return
    for row, name in enumerate(names, start=before):
        expected = form.ids[row] if row < len(form.ids) else "no more lines"
        if name != expected:
            how = "in another order" if name in form.ids else "other ids"
            raise BadInput(f"{path}: {how} than the sample: line {row + 2}: {name}, expected {expected}")


def _check_values(
    path: Path, texts: list[str], names: list[str], form: SampleForm, before: int, dry: float
) -> None:
    values = _numbers(path, texts, before)
    for bad, what in (
        (~np.isfinite(values), "expected finite numbers"),
        (values < dry, f"a value is below {dry:g}, which stands for no rain"),
        (values != np.rint(values) if form.whole else np.zeros((1, 1), bool), "expected whole numbers"),
    ):
        rows = np.flatnonzero(bad.any(axis=1))
        if len(rows):
            said = "; ".join(
                f"line {before + row + 2} (id {names[row]}): {some(values[row][bad[row]])}"
                for row in rows[:NAMED]
            )
            raise BadInput(f"{path}: {what} in {len(rows)} lines: {said}")


def _numbers(path: Path, texts: list[str], before: int) -> np.ndarray:
    """The fields of some lines as float64."""
    try:
        return np.loadtxt(texts, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        found = ((row, field) for row, text in enumerate(texts) for field in text.split(","))
        row, wrong = next((row, field) for row, field in found if not _is_number(field))
        said = f"found {wrong!r}" if wrong else "a value is missing"
        raise BadInput(
            f"{path}: line {before + row + 2}: expected a number in every column, {said}"
        ) from None


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _other(header: tuple[str, ...], expected: tuple[str, ...]) -> str:
    """The first difference of two headers."""
    if len(header) != len(expected):
        return f"{len(header):,} of them, expected {len(expected):,}"
    place = next(i for i, pair in enumerate(zip(header, expected)) if pair[0] != pair[1])
    return f"column {place + 1} is {header[place]!r}, expected {expected[place]!r}"
