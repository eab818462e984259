"""Values of files as a database takes them, so that no file's contents stop one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table

MOST = 2**31 - 1  # that a whole number of the tables can be
Row = dict[str, Any]


def number(value: Any) -> float | None:
    """A number; None where there is none."""
    return None if value is None or math.isnan(value) else float(value)


def typed(table: Table, rows: list[Row]) -> list[Row]:
    """Rows whose values are what the columns take. Raises ValueError, which names the column."""
    kinds = {column.name: column.type.python_type for column in table.columns}
    return [{name: _typed(name, kinds[name], value) for name, value in row.items()} for row in rows]


def _typed(name: str, kind: Any, value: Any) -> Any:
    wanted = (int, float) if kind is float else kind
    if value is None:
        return None
    if not isinstance(value, wanted) or (kind is not bool and isinstance(value, bool)):
        raise ValueError(f"{name}: expected {kind.__name__}, got {value!r:.50}")
    if kind is int and abs(value) > MOST:
        raise ValueError(f"{name}: {value} is too large")
    if isinstance(value, str):  # neither half letters nor the zero byte, which PostgreSQL does not take
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    return number(value) if kind is float else value
