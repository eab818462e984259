"""Submissions and their scores, written to the run's folder and to the ledger in one turn.

The file's line comes before the row is kept: what a crash leaves between them, the next look at the folder takes up. So
none is lost, and as one writes at a time, none is counted twice.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from holdfast.errors import BadInput
from holdfast.store.hashes import hash_file
from holdfast.store.ledger import contest, pages
from holdfast.store.ledger.facts import Row, run_id
from holdfast.store.ledger.moments import now, said
from holdfast.store.ledger.submission_file import ADDED, BOARDS, SENDING, SENT, WITHDRAWN, append
from holdfast.store.ledger.tables import places, runs, submissions
from holdfast.store.ledger.typed import typed

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from holdfast.store.ledger.ledger import Ledger

LENGTH = 8  # of an id, hex digits


@dataclass(frozen=True)
class Added:
    """A submission that was recorded; `same`: ids of those before it whose file is equal; the day's `budget` after it."""

    row: Row
    same: tuple[str, ...]
    budget: contest.Budget


def add(
    ledger: Ledger, run_folder: str | Path, file: Path, who: str, when: datetime | None, note: str, competition: str | None
) -> Added:  # fmt: skip
    """See `Ledger.add_submission`."""
    if not file.is_file():
        raise BadInput(f"{file}: there is no such file; `holdfast submit RUN -o {file}` writes one")
    if when is not None and when.tzinfo is None:
        raise BadInput("--when: a moment without a time zone; by which clock is it?")
    path, digest = ledger.path_of(run_folder), hash_file(file)
    key = run_id(ledger.place["id"], path)
    with ledger.reading() as connection:
        known = connection.scalar(select(runs.c.id).where(runs.c.id == key))
    if known is None:
        ledger.index(run_folder)
    written = None
    try:
        with ledger.writing() as connection:
            moment = when or now()
            day = contest.budget(connection, who, moment)
            contest.refuse_over(day)
            row: Row = {
                "id": _free(connection), "who": who, "made": said(moment), "file": file.name, "hash": digest, "note": note,
                "state": ADDED if competition is None else SENDING, "competition": competition,
            }  # fmt: skip
            (row,) = typed(submissions, [row])
            same = _equal(connection, digest)
            connection.execute(insert(submissions).values(run=key, **row))
            append(ledger.folder / path, {"event": "submission", **row})
            written = row["id"]
            return Added({**row, "path": path}, same, replace(day, used=day.used + 1))
    except BaseException:
        if written is not None:  # the ledger did not keep it, so that nobody is told of it
            append(ledger.folder / path, _became(written, WITHDRAWN))
        raise


def _equal(connection: Connection, digest: str) -> tuple[str, ...]:
    """Ids of the submissions of an equal file, the oldest first."""
    held = select(submissions.c.id).where(submissions.c.hash == digest, submissions.c.state != WITHDRAWN)
    return tuple(connection.scalars(held.order_by(submissions.c.made, submissions.c.id)))


def _became(key: str, state: str) -> Row:
    return {"event": "state", "id": key, "state": state, "made": said(now())}


def settle(ledger: Ledger, key: str, sent: bool) -> None:
    """See `Ledger.settle_submission`."""
    state = SENT if sent else WITHDRAWN
    with ledger.writing() as connection:
        row = _find(ledger, connection, key)
        connection.execute(update(submissions).where(submissions.c.id == row["id"]).values(state=state))
        append(ledger.folder / row["path"], _became(row["id"], state))


def score(ledger: Ledger, key: str, value: float, private: bool) -> Row:
    """See `Ledger.score_submission`."""
    if not math.isfinite(value):
        raise BadInput(f"a leaderboard's score is a number, got {value}")
    board, moment = BOARDS[private], said(now())
    with ledger.writing() as connection:
        row = _find(ledger, connection, key)
        if row["state"] == WITHDRAWN:
            raise BadInput(f"{row['id']} was not sent: it has no score")
        kept = {board: float(value), "scored": moment}
        connection.execute(update(submissions).where(submissions.c.id == row["id"]).values(**kept))
        append(
            ledger.folder / row["path"],
            {"event": "score", "id": row["id"], "board": board, "value": float(value), "made": moment},
        )
    return {**row, **kept}


def _free(connection: Connection) -> str:
    """An id that no submission has."""
    while True:
        key = uuid.uuid4().hex[:LENGTH]
        if connection.scalar(select(submissions.c.id).where(submissions.c.id == key)) is None:
            return key


def _find(ledger: Ledger, connection: Connection, key: str) -> Row:
    """The submission of an id or its beginning. Raises BadInput; one whose file lies elsewhere is refused too."""
    found = pages.all_submissions(connection, beginning=key) if key else []
    if not found:
        raise BadInput(f"no submission has the id {key!r}; `holdfast submissions list` shows them")
    if len(found) > 1:
        raise BadInput(f"{key!r} begins the ids of {len(found)} submissions; write one out")
    (row,) = found
    if row["place"] != ledger.place["id"]:
        there = connection.execute(select(places).where(places.c.id == row["place"])).mappings().one()
        raise BadInput(
            f"the run of submission {row['id']} lies on {there['host']}, in {there['path']}; its files are the truth:"
            " type it in there"
        )
    return row
