"""A table in Markdown, which reads as well in a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of equal width; columns of numbers lean right.

    >>> print(table(["set", "s"], [["a", "12"], ["bcd", "3"]]))
    | set |  s |
    | :-- | -: |
    | a   | 12 |
    | bcd |  3 |
    """
    columns = list(zip(header, *rows))
    widths = [max(2, *(len(cell) for cell in column)) for column in columns]
    right = [all(cell[:1] in "0123456789-–" for cell in column[1:]) and bool(rows) for column in columns]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if leans else cell.ljust(width)
            for cell, width, leans in zip(cells, widths, right)
        )
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * (width - 1) + ":" if leans else ":" + "-" * (width - 1) for width, leans in zip(widths, right)
    ]
    return "\n".join([line(header), line(rule), *map(line, rows)])
