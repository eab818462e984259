"""Where a study lies, and who is at work on it: SQLite, a journal file, or PostgreSQL.

A process holds a lock for as long as it lives, and the kernel or the server takes it back however the process
ends. So a trial left by a dead process is told from one at work at once, with no clock and no grace period.
"""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from holdfast.errors import BadInput
from holdfast.keys import seed_of

SQLITE, POSTGRES = "sqlite:///", ("postgresql://", "postgres://", "postgresql+psycopg://")
WAIT = 120  # seconds that a writer waits for another's lock on SQLite
# A machine that falls silent is taken for dead after 90 s: PostgreSQL asks after its clients, they after it.
ASK = {"idle": 60, "interval": 10, "count": 3}  # TCP keepalives
KEEPALIVE = {
    "keepalives_idle": ASK["idle"], "keepalives_interval": ASK["interval"], "keepalives_count": ASK["count"],
    "options": " ".join(f"-c tcp_keepalives_{name}={value}" for name, value in ASK.items()),
}  # fmt: skip
INSTALL = 'install it in Holdfast\'s folder: pip install -c constraints.txt -e ".[tune]"'
LISTED = "expected sqlite:///FILE, the name of a journal file, or postgresql://USER@HOST/DATABASE"


class Locks(Protocol):
    """Who may ask for a trial, and who is alive."""

    def asking(self) -> Any:
        """A context that one process at a time is in."""

    def at_work(self) -> Any:
        """A context that holds a worker's lock; gives the worker's name."""

    def alive(self, worker: str) -> bool:
        """Whether the process that holds a worker's lock lives."""


class FileLocks:
    """Locks beside the storage's file."""

    def __init__(self, file: Path):
        self.file = file
        self.workers = file.with_name(f"{file.name}.workers")

    @contextmanager
    def asking(self) -> Iterator[None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_name(f"{self.file.name}.asking").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    @contextmanager
    def at_work(self) -> Iterator[str]:
        self.workers.mkdir(parents=True, exist_ok=True)
        worker = _new_name()
        with (self.workers / worker).open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            try:
                yield worker
            finally:
                (self.workers / worker).unlink(missing_ok=True)

    def alive(self, worker: str) -> bool:
        try:
            with (self.workers / worker).open("r") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        (self.workers / worker).unlink(missing_ok=True)
        return False


class PostgresLocks:
    """Advisory locks of PostgreSQL: a connection's own, gone with it."""

    def __init__(self, url: str, study: str):
        import sqlalchemy

        self.engine = sqlalchemy.create_engine(
            url, isolation_level="AUTOCOMMIT", pool_pre_ping=True, connect_args=KEEPALIVE
        )
        self.key = seed_of("holdfast tune", study)

    def _call(self, connection: Any, function: str, key: int) -> bool:
        import sqlalchemy

        return bool(connection.execute(sqlalchemy.text(f"select {function}(:key)"), {"key": key}).scalar())

    @contextmanager
    def asking(self) -> Iterator[None]:
        with self.engine.connect() as connection:
            self._call(connection, "pg_advisory_lock", self.key)
            try:
                yield
            finally:
                self._call(connection, "pg_advisory_unlock", self.key)

    @contextmanager
    def at_work(self) -> Iterator[str]:
        worker = _new_name()
        with self.engine.connect() as connection:
            self._call(connection, "pg_advisory_lock", seed_of(worker))
            try:
                yield worker
            finally:
                connection.invalidate()  # closed, and the lock goes with it; it may be lost already

    def alive(self, worker: str) -> bool:
        with self.engine.connect() as connection:
            if self._call(connection, "pg_try_advisory_lock", seed_of(worker)):
                self._call(connection, "pg_advisory_unlock", seed_of(worker))
                return False
        return True


def _new_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def open_storage(where: str, study: str) -> tuple[Any, Locks]:
    """Optuna's storage, its tables made where they lack, and the locks that go with it. Raises BadInput."""
    import optuna
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if where.startswith(POSTGRES):
            return _postgres("postgresql+psycopg://" + where.split("://", 1)[1], study)
        if "://" in where and not where.startswith(SQLITE):
            raise BadInput(f"--storage: {where.split('://')[0]}:// is not known here; {LISTED}")
        file = Path(where.removeprefix(SQLITE))
        if not file.name or file.is_dir():
            raise BadInput(f"--storage: {where!r} names no file; {LISTED}")
        locks = FileLocks(file)
        try:
            with locks.asking():  # two processes may begin at once
                if where.startswith(SQLITE):
                    _refuse_other(file, b"SQLite format 3\0", "SQLite database")
                    return RDBStorage(where, engine_kwargs={"connect_args": {"timeout": WAIT}}), locks
                _refuse_other(file, b"{", "journal")
                return JournalStorage(JournalFileBackend(str(file), JournalFileOpenLock(str(file)))), locks
        except OSError as error:  # no folder can be made there, or nothing written
            raise BadInput(f"--storage: {file}: {error.strerror or error}") from None


def _refuse_other(file: Path, start: bytes, kind: str) -> None:
    """A file of something else is left alone."""
    if file.is_file() and file.stat().st_size:
        with file.open("rb") as there:
            if there.read(len(start)) != start:
                raise BadInput(f"--storage: {file} exists and is no {kind}; name another")


def _postgres(url: str, study: str) -> tuple[Any, Locks]:
    import sqlalchemy
    from optuna.storages import RDBStorage

    try:
        locks = PostgresLocks(url, study)
        with locks.asking():
            return RDBStorage(url, engine_kwargs={"pool_pre_ping": True, "connect_args": KEEPALIVE}), locks
    except ModuleNotFoundError as error:
        raise BadInput(f"--storage: PostgreSQL needs {error.name}; {INSTALL}") from None
    except (sqlalchemy.exc.SQLAlchemyError, ValueError) as error:  # no server, no such user, no port, …
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise BadInput(f"--storage: PostgreSQL does not answer as the URL says: {reason}") from None
