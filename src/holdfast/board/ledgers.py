"""The ledger behind the pages, kept up to date with the run folders while the board is open."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from holdfast.board.folders import run_at
from holdfast.board.settings import Settings
from holdfast.errors import BadInput
from holdfast.store.ledger.facts import FINISHED
from holdfast.store.run import Run

if TYPE_CHECKING:
    from holdfast.store.ledger.ledger import Ledger

EVERY = 2.0  # seconds between two looks at the run folders
SHARE = 20  # a look takes at most a twentieth of the time
MOST_SIBLINGS = 400

log = logging.getLogger(__name__)


class Keeper:
    """Looks at the run folders again and again, in a thread of its own."""

    def __init__(self, ledger: Ledger):
        self.ledger = ledger
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._keep, name="ledger", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.over.set()
        self.thread.join(timeout=10)

    def _keep(self) -> None:
        pause = EVERY
        while not self.over.wait(pause):
            began = time.monotonic()
            try:
                self.ledger.refresh()
            except Exception as error:  # a database that is away for a while must not end the board
                log.warning("the ledger was not brought up to date: %s", error)
            pause = max(EVERY, SHARE * (time.monotonic() - began))


class Changes:
    """Whether the ledger has changed: `mark()` is another number then."""

    def __init__(self, ledger: Ledger):
        self.connection: Any = None
        if ledger.engine.dialect.name == "sqlite":
            self.connection = ledger.engine.raw_connection()

    def mark(self) -> int:
        """SQLite counts the writes of all other connections; what another database holds counts as new for a moment."""
        if self.connection is None:
            return int(time.monotonic() / EVERY)
        cursor = self.connection.cursor()
        try:
            (held,) = cursor.execute("PRAGMA data_version").fetchone()
        finally:
            cursor.close()
        return int(held)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()


class Choices:
    """What the list can be narrowed to."""

    def __init__(self, ledger: Ledger):
        self.ledger = ledger
        self.lock = threading.Lock()
        self.made = -EVERY
        self.held: tuple[dict[str, bool], list[str]] = {}, []

    def now(self) -> tuple[dict[str, bool], list[str]]:
        """The metrics of the ledger's runs, each with whether greater is better, and their kinds; a moment old at most."""
        with self.lock:
            if time.monotonic() - self.made >= EVERY:
                self.held, self.made = self._read(), time.monotonic()
            return self.held

    def _read(self) -> tuple[dict[str, bool], list[str]]:
        from sqlalchemy import select

        from holdfast.store.ledger.tables import runs

        with self.ledger.reading() as connection:
            asked = select(runs.c.metric, runs.c.greater_is_better).distinct().order_by(runs.c.metric)
            there = runs.c.metric.is_not(None), runs.c.greater_is_better.is_not(None)
            metrics = {
                str(metric): bool(greater) for metric, greater in connection.execute(asked.where(*there))
            }
            kinds = select(runs.c.kind).where(runs.c.kind.is_not(None)).distinct().order_by(runs.c.kind)
            return metrics, [str(kind) for kind in connection.scalars(kinds)]


def siblings(ledger: Ledger, settings: Settings, run: Run, name: str) -> list[tuple[str, Run]]:
    """Other finished runs of the same kind of data in this runs folder, the newest first."""
    rows, _ = ledger.runs(
        kind=run.recipe["data"]["kind"], sort="finished", descending=True, limit=MOST_SIBLINGS
    )
    found = []
    for row in rows:
        if row["here"] and row["state"] == FINISHED and row["path"] != name and row["mark"] != "refit":
            try:
                found.append((row["path"], run_at(settings, row["path"])))
            except BadInput:
                continue  # gone, or a link that leads elsewhere
    return found
