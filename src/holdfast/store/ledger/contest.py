"""How many submissions a day of the contest has, and how many are left.

`RUNS/contest.json` keeps what was said: {"per_day": 5, "team": true, "clock": "Asia/Seoul", "since": …}. Where several runs
folders tell a team's ledger, what was said last holds.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from holdfast.errors import BadInput
from holdfast.store.atomic import write_json
from holdfast.store.ledger.moments import clock_of, day_of, now, said
from holdfast.store.ledger.submission_file import WITHDRAWN
from holdfast.store.ledger.tables import contest, submissions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from holdfast.store.ledger.ledger import Ledger

FILE = "contest.json"
USUAL_CLOCK = "UTC"


class OverBudget(BadInput):
    """A submission that its day has no room for."""


@dataclass(frozen=True)
class Limit:
    """So many submissions a day: for all people together, or for each (`team` is False)."""

    per_day: int
    team: bool
    clock: str
    since: str  # when it was said


@dataclass(frozen=True)
class Budget:
    """What a day has; `per_day` and `left` are None where nobody said a limit."""

    per_day: int | None
    team: bool
    who: str | None  # whose it is, where each person has as many
    clock: str
    begins: datetime  # both by the contest's clock
    ends: datetime
    used: int

    @property
    def left(self) -> int | None:
        return None if self.per_day is None else max(0, self.per_day - self.used)


def per_day_of(text: str) -> int:
    """The number in `5/day`. Raises BadInput.

    >>> per_day_of("5/day")
    5
    """
    found = re.fullmatch(r"([1-9]\d{0,5})(/day)?", text.strip())
    if found is None:
        raise BadInput(f"--limit: expected a number of submissions a day, as 5/day, got {text!r}")
    return int(found[1])


def set_limit(ledger: Ledger, per_day: int, team: bool, clock: str) -> Limit:
    """See `Ledger.set_limit`. Nothing is written where it says what holds already."""
    clock_of(clock)
    if per_day < 1:
        raise BadInput(f"--limit: expected at least one submission a day, got {per_day}")
    with ledger.writing() as connection:
        held = limit_of(connection)
        if held is not None and (held.per_day, held.team, held.clock) == (per_day, team, clock):
            return held
        limit = Limit(per_day, team, clock, said(now()))
        write_json(ledger.folder / FILE, asdict(limit))
        _put(connection, limit)
    return limit


def limit_of(connection: Connection) -> Limit | None:
    row = connection.execute(select(contest)).mappings().one_or_none()
    return None if row is None else Limit(**{name: row[name] for name in Limit.__dataclass_fields__})


def of_file(ledger: Ledger) -> Limit | None:
    """What the file of this runs folder says. Raises BadInput where it cannot be read."""
    file = ledger.folder / FILE
    if not file.is_file():
        return None
    try:
        held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        limit = Limit(int(held["per_day"]), bool(held["team"]), str(held["clock"]), str(held["since"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{file} cannot be read ({error}); delete it, and say the limit again with --limit"
        ) from None
    clock_of(limit.clock)
    return limit


def news(ledger: Ledger) -> bool:
    """Whether this runs folder's file says something later than the ledger knows."""
    there = of_file(ledger)
    with ledger.reading() as connection:
        held = limit_of(connection)
    return there is not None and (held is None or held.since < there.since)


def take_up(ledger: Ledger, connection: Connection) -> None:
    """What this runs folder's file says, unless something was said later."""
    there, held = of_file(ledger), limit_of(connection)
    if there is not None and (held is None or held.since < there.since):
        _put(connection, there)


def _put(connection: Connection, limit: Limit) -> None:
    connection.execute(delete(contest))
    connection.execute(insert(contest).values(id=1, **asdict(limit)))


def budget(connection: Connection, who: str | None, when: datetime | None) -> Budget:
    """See `Ledger.budget`."""
    limit = limit_of(connection)
    name = USUAL_CLOCK if limit is None else limit.clock
    clock = clock_of(name)
    begins, ends = day_of(when or now(), clock)
    asked = select(func.count()).where(
        submissions.c.made >= said(begins), submissions.c.made < said(ends), submissions.c.state != WITHDRAWN
    )
    person = who if limit is not None and not limit.team else None
    if person is not None:
        asked = asked.where(submissions.c.who == person)
    return Budget(
        None if limit is None else limit.per_day, limit is None or limit.team, person, name,
        begins.astimezone(clock), ends.astimezone(clock), connection.scalar(asked) or 0,
    )  # fmt: skip


def refuse_over(budget: Budget) -> None:
    """Raises OverBudget where nothing is left of a day."""
    if budget.left != 0:
        return
    whose = "the team's" if budget.team else f"{budget.who}'s"
    raise OverBudget(
        f"all {budget.per_day} of {whose} submissions of {budget.begins:%Y-%m-%d} are used ({budget.clock});"
        f" the next day begins at {budget.ends:%Y-%m-%d %H:%M %Z}, which is {said(budget.ends)[:16]} UTC"
    )
