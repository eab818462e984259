"""Questions to the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, or_, select

from holdfast.errors import BadInput
from holdfast.recipe.strict import nearest
from holdfast.store.ledger.facts import Row
from holdfast.store.ledger.tables import SORTS, comparisons, findings, runs, scores, submissions

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table


def runs_where(search: str, metric: str | None, kind: str | None) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = []
    if search:
        wanted.append(
            or_(
                runs.c.name.icontains(search, autoescape=True), runs.c.path.icontains(search, autoescape=True)
            )
        )
    if metric is not None:
        wanted.append(runs.c.metric == metric)
    if kind is not None:
        wanted.append(runs.c.kind == kind)
    return and_(True, *wanted)


def page(
    connection: Connection, search: str, sort: str, descending: bool, metric: str | None, kind: str | None,
    offset: int, limit: int,
) -> tuple[list[Row], int]:  # fmt: skip
    """See `Ledger.runs`."""
    if sort not in SORTS:
        raise BadInput(f"sort: runs cannot be sorted by {sort!r}; {nearest(sort, SORTS)}")
    where, by = runs_where(search, metric, kind), runs.c[sort]
    total, with_value = connection.execute(select(func.count(), func.count(by)).where(where)).one()
    columns = [runs.c[name] for name in dict.fromkeys((sort, "path", "id"))]
    order = [column.desc() if descending else column.asc() for column in columns]
    rows: list[Row] = []
    # first those that have the value, then those that have none: so both parts follow the index
    for part, count, skip in (
        (by.is_not(None), max(0, min(limit, with_value - offset)), offset),
        (by.is_(None), max(0, limit - max(0, with_value - offset)), max(0, offset - with_value)),
    ):
        if count:
            chosen = select(runs.c.id).where(where, part).order_by(*order).offset(skip).limit(count)
            asked = select(runs).where(runs.c.id.in_(chosen.scalar_subquery())).order_by(*order)
            rows += [dict(row) for row in connection.execute(asked).mappings()]
    return rows, total


def one_run(connection: Connection, key: str) -> Row | None:
    """See `Ledger.run`."""
    found = connection.execute(select(runs).where(runs.c.id == key)).mappings().one_or_none()
    if found is None:
        return None

    def of(table: Table) -> list[Row]:
        asked = select(table).where(table.c.run == key).order_by(*table.primary_key.columns)
        return [dict(row) for row in connection.execute(asked).mappings()]

    held = {"scores": of(scores), "findings": of(findings), "comparisons": of(comparisons)}
    return {**found, **held, "submissions": all_submissions(connection, key)}


def all_submissions(connection: Connection, run: str | None = None, beginning: str = "") -> list[Row]:
    """See `Ledger.submissions`; `beginning`: of their ids."""
    of_run = [
        runs.c[name] for name in ("place", "path", "metric", "greater_is_better", "value", "low", "high")
    ]
    asked = select(submissions, *of_run).join(runs, runs.c.id == submissions.c.run)
    asked = asked.order_by(submissions.c.made, submissions.c.id)
    if run is not None:
        asked = asked.where(submissions.c.run == run)
    if beginning:
        asked = asked.where(submissions.c.id.startswith(beginning, autoescape=True))
    return [dict(row) for row in connection.execute(asked).mappings()]


def all_comparisons(connection: Connection) -> list[Row]:
    """See `Ledger.comparisons`."""
    asked = select(comparisons, runs.c.place, runs.c.path.label("first"))
    asked = asked.join(runs, runs.c.id == comparisons.c.run)
    asked = asked.order_by(comparisons.c.made.desc(), comparisons.c.file, comparisons.c.other)
    return [dict(row) for row in connection.execute(asked).mappings()]
