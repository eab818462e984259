"""Which column of a long table is time, and which columns say one thing a sample."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd

from holdfast.data.long import OFF_GRID, is_constant
from holdfast.errors import BadInput
from holdfast.plan.look import TableFile, is_number

LOOKED_AT = 200  # samples that each column is tried on; the chosen one is checked on all
REGULAR = 0.5  # share of steps that a clock with lost rows must still have at its usual length
TIME_WORDS = re.compile(r"time|date|clock|stamp|step|frame|tick|second|^sec$|^ms$|^t$|시간|초", re.IGNORECASE)


def row_numbers(values: pd.Series) -> bool:
    """Whether a column only counts the rows of its file, from any start."""
    if not pd.api.types.is_integer_dtype(values) or len(values) < 3 or values.isna().any():
        return False
    numbers = values.to_numpy()
    return bool((np.diff(numbers) == 1).all())


def find_clock(table: TableFile, id_column: str, candidates: list[str]) -> tuple[str, str] | None:
    """The time column of a long table and the reason, or None where rows only stand in order.

    Time has no value twice within a sample, and either rises with the rows or moves in even steps.
    """
    codes = table.codes(id_column)
    head = np.flatnonzero((codes >= 0) & (codes < LOOKED_AT))
    rated = []
    for place, column in enumerate(candidates):
        values = table.frame[column]
        if row_numbers(values) or values.isna().any():
            continue
        rate = _rate(codes[head], values.iloc[head])
        if rate is not None:
            rated.append((-rate - 0.5 * bool(TIME_WORDS.search(column)), place, column))
    for _, _, column in sorted(rated):
        if not table.frame.duplicated([id_column, column]).any():
            return column, "no value twice within an id, and it runs in steps"
    return None


def _rate(codes: np.ndarray, values: pd.Series) -> float | None:
    """How clock-like: 1 for rising with the rows, plus the share of even steps; None where it is no clock."""
    numbers = as_numbers(values)
    if numbers is None:
        return None
    rows = np.argsort(codes, kind="stable")
    same = np.diff(codes[rows]) == 0
    if not same.any():
        return None
    rising = bool((np.diff(numbers[rows])[same] > 0).all())
    order = np.lexsort((numbers, codes))
    gaps = np.diff(numbers[order])[np.diff(codes[order]) == 0]
    if (gaps <= 0).any():
        return None
    even = float((np.abs(gaps / np.median(gaps) - 1) <= OFF_GRID).mean())
    return rising + even if rising or even >= REGULAR else None


def as_numbers(values: pd.Series) -> np.ndarray | None:
    if is_number(values):
        return pd.to_numeric(values).to_numpy(dtype=np.float64)
    with warnings.catch_warnings():  # pandas warns where it finds no common format; then it is no time
        warnings.simplefilter("error")
        try:
            moments = pd.to_datetime(values)
            return (moments - moments.iloc[0]).dt.total_seconds().to_numpy(dtype=np.float64)
        except (ValueError, TypeError, UserWarning):
            return None


def one_row_a_sample(table: TableFile, id_column: str) -> TableFile:
    """The columns of a long table that never change within a sample, one row a sample."""
    frame = table.frame
    codes = table.codes(id_column)
    if (codes < 0).any():
        raise BadInput(
            f"{table.path}: line {int(np.flatnonzero(codes < 0)[0]) + 2}: the id ({id_column}) is missing"
        )
    _, firsts = np.unique(codes, return_index=True)
    first = firsts[codes]
    constant = [
        column for column in table.columns if column == id_column or is_constant(frame[column], first)
    ]
    return TableFile(table.path, frame.iloc[firsts][constant].reset_index(drop=True))
