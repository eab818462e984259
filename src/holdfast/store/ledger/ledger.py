"""The ledger of a runs folder: what its run folders say, kept up to date, and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from holdfast.errors import BadInput
from holdfast.store.ledger import booking, contest, pages
from holdfast.store.ledger.facts import BEGUN, IN_WORK, Facts, Row, facts_of, in_work, run_id
from holdfast.store.ledger.folders import run_folders, stamp
from holdfast.store.ledger.opening import WRITES, unreachable, writers_turn
from holdfast.store.ledger.submission_file import submissions_of
from holdfast.store.ledger.tables import comparisons, findings, places, runs, scores, submissions

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

AT_ONCE = 200  # run folders that are written in one transaction


@dataclass(frozen=True)
class Refreshed:
    """How many run folders were read and are gone, and which are damaged: path and reason."""

    read: int
    gone: int
    damaged: tuple[tuple[str, str], ...]


class Ledger:
    """The runs, comparisons and submissions of a runs folder (and, in a team's database, of other people's).

    Rows come as plain dicts, whose keys are the columns of `tables.py`. What a run folder tells replaces what it told;
    rows of runs folders elsewhere are left alone. Open one with `open_ledger`.
    """

    def __init__(self, engine: Engine, where: str, folder: Path, place: dict[str, str]):
        self.engine, self.where, self.folder, self.place = engine, where, folder, place

    def __repr__(self) -> str:
        return f"Ledger({self.where!r}, {str(self.folder)!r})"

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger."""
        with self._answering(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is the only one to write, from its beginning on."""
        writes = {WRITES: True}
        with (
            self._answering(),
            self.engine.connect().execution_options(**writes) as connection,
            connection.begin(),
        ):
            writers_turn(connection)
            yield connection

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turns a database that does not answer into one message."""
        try:
            yield
        except DBAPIError as error:
            raise unreachable(self.engine.url, error) from None

    # what run folders say

    def path_of(self, run_folder: str | Path) -> str:
        """A run folder's path relative to the runs folder. Raises BadInput where it does not lie in there."""
        path = Path(run_folder)
        try:
            inner = path.resolve().relative_to(self.folder.resolve())
        except ValueError:
            raise BadInput(f"{path} does not lie in the runs folder {self.folder}") from None
        if not (path / "recipe.yaml").is_file():
            raise BadInput(f"{path} is no run folder: it has no recipe.yaml")
        return inner.as_posix()

    def index(self, run_folder: str | Path) -> Row:
        """Take up what a run folder's files say now; returns its row."""
        path = self.path_of(run_folder)
        facts = self._read(path)
        with self.writing() as connection:
            self._place(connection)
            self._write(connection, [facts])
        return facts.run

    def refresh(self) -> Refreshed:
        """Take up the run folders that are new or have changed, and forget those that are gone."""
        with self.reading() as connection:
            asked = select(runs.c.path, runs.c.seen, runs.c.state).where(runs.c.place == self.place["id"])
            held = {path: (seen, state) for path, seen, state in connection.execute(asked)}
        there = list(run_folders(self.folder))
        changed = []
        for path in there:
            seen, state = held.get(path, ("", ""))
            folder = self.folder / path
            changed_hands = state in (BEGUN, IN_WORK) and in_work(folder) is not (state == IN_WORK)
            if not seen or changed_hands or seen != stamp(folder):
                changed.append(path)
        gone = held.keys() - set(there)
        damaged = []
        for start in range(0, len(changed), AT_ONCE):
            facts = [self._read(path) for path in changed[start : start + AT_ONCE]]
            damaged += [(one.run["path"], why) for one in facts for why in one.damage]
            with self.writing() as connection:
                self._place(connection)
                self._write(connection, facts)
        if gone or contest.news(self):
            with self.writing() as connection:
                self._place(connection)
                self._forget(connection, sorted(gone))
                contest.take_up(self, connection)
        return Refreshed(len(changed), len(gone), tuple(damaged))

    def rebuild(self) -> Refreshed:
        """Everything that this runs folder tells anew from its files; damaged run folders are named and skipped."""
        facts = [self._read(path) for path in run_folders(self.folder)]
        with self.writing() as connection:
            before = select(runs.c.path).where(runs.c.place == self.place["id"])
            held = set(connection.scalars(before))
            connection.execute(delete(places).where(places.c.id == self.place["id"]))
            self._place(connection)
            known = {one.run["path"] for one in facts}
            facts += [
                self._read(path) for path in run_folders(self.folder) if path not in known
            ]  # made meanwhile
            for start in range(0, len(facts), AT_ONCE):
                self._write(connection, facts[start : start + AT_ONCE])
            contest.take_up(self, connection)
        gone = held - {one.run["path"] for one in facts}
        damaged = tuple((one.run["path"], why) for one in facts for why in one.damage)
        return Refreshed(len(facts), len(gone), damaged)

    def _read(self, path: str) -> Facts:
        # the stamp comes first: what changes while the files are read shows next time
        return facts_of(self.folder, path, self.place["id"], stamp(self.folder / path))

    def _place(self, connection: Connection) -> None:
        values = {name: self.place[name] for name in ("host", "path")}
        if not connection.execute(
            update(places).where(places.c.id == self.place["id"]).values(**values)
        ).rowcount:
            connection.execute(insert(places).values(**self.place))

    def _write(self, connection: Connection, read: Sequence[Facts]) -> None:
        """Put run folders' rows in the place of those that are there; submissions are read in the writers' turn."""
        self._forget(connection, [one.run["path"] for one in read])
        read = self._with_submissions(connection, read)
        columns = {column.name: None for column in runs.columns}
        for table, rows in (
            (runs, [{**columns, **one.run} for one in read]),
            (scores, [row for one in read for row in one.scores]),
            (findings, [row for one in read for row in one.findings]),
            (comparisons, [row for one in read for row in one.comparisons]),
            (submissions, [row for one in read for row in one.submissions]),
        ):
            if rows:
                connection.execute(insert(table), rows)

    def _with_submissions(self, connection: Connection, read: Sequence[Facts]) -> list[Facts]:
        """The same with their submissions as the files have them in the writers' turn; of copies the first is kept."""
        held = [submissions_of(self.folder / one.run["path"])[0] for one in read]
        keys = [row["id"] for rows in held for row in rows]
        known = (
            set(connection.scalars(select(submissions.c.id).where(submissions.c.id.in_(keys))))
            if keys
            else set()
        )
        out = []
        for one, rows in zip(read, held, strict=True):
            own = [{"run": one.run["id"], **row} for row in rows if row["id"] not in known]
            known |= {row["id"] for row in own}
            out.append(replace(one, submissions=own))
        return out

    def _forget(self, connection: Connection, paths: Sequence[str]) -> None:
        """The runs, with all that belongs to them."""
        keys = [run_id(self.place["id"], path) for path in paths]
        for start in range(0, len(keys), AT_ONCE):
            connection.execute(delete(runs).where(runs.c.id.in_(keys[start : start + AT_ONCE])))

    # what is asked

    def runs(
        self,
        search: str = "",
        sort: str = "value",
        descending: bool = False,
        metric: str | None = None,
        kind: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[Row], int]:
        """A page of runs, and how many there are in all. `search`: a part of name or path; `sort`: one of `SORTS`.

        Runs without the value that is sorted by come last. `here` says whether a run lies in this runs folder.
        """
        with self.reading() as connection:
            page = pages.page(connection, search, sort, descending, metric, kind, offset, limit)
            return [self._here(row) for row in page[0]], page[1]

    def run(self, path: str | Path) -> Row | None:
        """A run of this runs folder by its path in it, with `scores`, `findings`, `comparisons` and `submissions`."""
        with self.reading() as connection:
            row = pages.one_run(connection, run_id(self.place["id"], Path(path).as_posix()))
            return None if row is None else self._here(row)

    def submissions(self, run: str | Path | None = None) -> list[Row]:
        """Submissions in the order of their times, each with its run's `path`, `value`, `low`, `high` and direction."""
        key = None if run is None else run_id(self.place["id"], Path(run).as_posix())
        with self.reading() as connection:
            return [self._here(row) for row in pages.all_submissions(connection, key)]

    def comparisons(self) -> list[Row]:
        """What `holdfast compare` found, the newest first; `first` and `other` are paths in the runs folder."""
        with self.reading() as connection:
            return [self._here(row) for row in pages.all_comparisons(connection)]

    def _here(self, row: Row) -> Row:
        return {**row, "here": row["place"] == self.place["id"]}

    # submissions, and how many a day has

    def add_submission(
        self,
        run_folder: str | Path,
        file: str | Path,
        who: str,
        when: datetime | None = None,
        note: str = "",
        competition: str | None = None,
    ) -> booking.Added:
        """Record a submission in its run's folder and here. Raises OverBudget where its day has none left.

        `competition`: it is about to be sent there; `settle_submission` tells how that ended.
        """
        return booking.add(self, run_folder, Path(file), who, when, note, competition)

    def settle_submission(self, key: str, sent: bool) -> None:
        """Whether a submission was sent; one that was not is withdrawn, and does not count."""
        booking.settle(self, key, sent)

    def score_submission(self, key: str, value: float, private: bool = False) -> Row:
        """Keep the leaderboard's score of a submission, by its id or the beginning of it; returns its row."""
        return booking.score(self, key, value, private)

    def set_limit(self, per_day: int, team: bool, clock: str = "UTC") -> contest.Limit:
        """Say how many submissions a day has; it holds until another is said."""
        return contest.set_limit(self, per_day, team, clock)

    def limit(self) -> contest.Limit | None:
        """How many submissions a day has; None where nobody said it."""
        with self.reading() as connection:
            return contest.limit_of(connection)

    def budget(self, who: str | None = None, when: datetime | None = None) -> contest.Budget:
        """What the day of a moment, by default of now, has and has left; `who`: where each person has as many."""
        with self.reading() as connection:
            return contest.budget(connection, who, when)
