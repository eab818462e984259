"""Rows of text set in columns, the same on a terminal and in a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Columns that a text takes on a terminal; wide letters (Korean, Chinese) take two.

    >>> width("walk"), width("걷기")
    (4, 4)
    """
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """One line a row, two spaces between columns; columns numbered in `right` end together.

    >>> columns([["class", "rows"], ["walk", "7"]], right=[1])
    ['class  rows', 'walk      7']
    """
    widest = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            gap = " " * (widest[i] - width(cell))
            cells.append(gap + cell if i in right else cell + gap)
        lines.append("  ".join(cells).rstrip())
    return lines
