"""Whether a submission follows the sample; every difference names its first rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from holdfast.data.columns import NAMED, some
from holdfast.data.files import columns_of, read_table
from holdfast.data.sample import SampleForm
from holdfast.errors import BadInput

SUM_ERROR = 1e-9  # float64 written in full sums to one within 1e-15 a class; float32 would not within this


def verify(path: Path, form: SampleForm) -> None:
    """Read a submission file and check it against the form. Raises BadInput."""
    frame = read_table(path, None)
    frame.columns = pd.Index(columns_of(path))
    check(frame, form, str(path))


def check(frame: pd.DataFrame, form: SampleForm, where: str) -> None:
    """Same columns, ids and order as the form; nothing missing; known classes, or shares that sum to one."""
    _check_header(frame, form, where)
    _check_rows(frame, form, where)
    values = frame[list(form.columns)]
    _refuse(values.isna().any(axis=1).to_numpy(), frame, form, where, "a value is missing")
    if form.style == "label":
        strange = ~values.iloc[:, 0].astype(str).isin(form.written).to_numpy()
        _refuse(strange, frame, form, where, f"the label is none of {some(form.written)}")
        return
    parsed = values.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    _refuse(~np.isfinite(parsed).all(axis=1), frame, form, where, "expected finite numbers")
    if form.style == "value":
        return
    outside = ((parsed < 0) | (parsed > 1)).any(axis=1)
    _refuse(outside, frame, form, where, "a probability is not between 0 and 1")
    if form.style == "probabilities":
        off = np.abs(parsed.sum(axis=1) - 1) > SUM_ERROR
        _refuse(off, frame, form, where, "the probabilities do not sum to one")


def _check_header(frame: pd.DataFrame, form: SampleForm, where: str) -> None:
    header = tuple(str(column) for column in frame.columns)
    if header == form.header:
        return
    if sorted(header) == sorted(form.header):
        i = next(i for i, pair in enumerate(zip(header, form.header)) if pair[0] != pair[1])
        said = (
            f"the columns are in another order: column {i + 1} is {header[i]!r}, expected {form.header[i]!r}"
        )
    else:
        missing = [column for column in form.header if column not in header]
        extra = [column for column in header if column not in form.header]
        said = "; ".join(
            f"{what} {some(which)}" for what, which in (("lacks", missing), ("has also", extra)) if which
        )
    raise BadInput(f"{where}: other columns than the sample: {said}")


def _check_rows(frame: pd.DataFrame, form: SampleForm, where: str) -> None:
    if len(frame) != len(form.ids):
        raise BadInput(f"{where}: has {len(frame)} rows, expected {len(form.ids)}")
    if form.id_column is None:
        return
    ids = frame[form.id_column].to_numpy(dtype=str)
    wrong = np.flatnonzero(ids != form.ids)
    if len(wrong):
        rows = "; ".join(f"line {row + 2}: {ids[row]}, expected {form.ids[row]}" for row in wrong[:NAMED])
        how = "in another order" if set(ids) == set(form.ids) else "other ids"
        raise BadInput(f"{where}: {how} than the sample in {len(wrong)} lines: {rows}")


def _refuse(bad: np.ndarray, frame: pd.DataFrame, form: SampleForm, where: str, what: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows) == 0:
        return
    named = []
    for row in rows[:NAMED]:
        who = "" if form.id_column is None else f" (id {form.ids[row]})"
        named.append(f"line {row + 2}{who}: {some(frame[list(form.columns)].iloc[row].tolist())}")
    raise BadInput(f"{where}: {what} in {len(rows)} lines: {'; '.join(named)}")
