"""Opening a ledger: its tables are made, or brought up to date, by whoever opens it first."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.errors import BadInput
from holdfast.store.ledger.where import folder_lock, place_of, shown, url_of

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

    from holdfast.store.ledger.ledger import Ledger

MIGRATIONS = Path(__file__).with_name("migrations")
WAIT = 120  # seconds that one waits for another's lock on SQLite
CONNECT = 10  # seconds that a server has to answer: a run's end does not wait for one that is gone
WRITES = "writes"  # execution option of a connection that is going to write
LOCK = 0x686F6C6466617374  # PostgreSQL's advisory lock of writers: "holdfast"
INSTALL = 'install it in Holdfast\'s folder: pip install -c constraints.txt -e ".[board]"'


def open_ledger(where: str | Path | None = None, runs: str | Path = "runs") -> Ledger:
    """The ledger of a runs folder, made where there is none; `Ledger.close` closes it.

    `where`: a file or an SQLAlchemy URL of SQLite or PostgreSQL, by default what the environment variable
    HOLDFAST_LEDGER says, else `RUNS/ledger.db`. Raises BadInput where it cannot be reached.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from holdfast.store.ledger.ledger import Ledger

    runs = Path(runs)
    url = url_of(where, runs)
    try:
        place = place_of(runs)
        engine = engine_of(url)
        _upgrade(engine, url)
        return Ledger(engine, shown(url), runs, place)
    except ModuleNotFoundError as error:
        raise BadInput(f"the ledger {shown(url)}: PostgreSQL needs {error.name}; {INSTALL}") from None
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise unreachable(url, error) from None


def unreachable(url: URL, error: Exception) -> BadInput:
    """What is said of a ledger that does not answer; the driver's own words may repeat no password."""
    reason = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    if url.password:
        reason = reason.replace(str(url.password), "***")
    todo = ""
    if url.get_backend_name() == "sqlite" and "not a database" in reason:
        todo = "; move it away, and `holdfast ledger rebuild` makes it anew from the run folders"
    return BadInput(f"the ledger {shown(url)} cannot be used: {reason}{todo}")


def engine_of(url: URL) -> Engine:
    """Connections whose transactions begin as they should: a writer's waits for its turn before it reads."""
    from sqlalchemy import create_engine, event

    if url.get_backend_name() == "postgresql":
        asked = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT}
        return create_engine(url, pool_pre_ping=True, connect_args=asked)
    engine = create_engine(url, connect_args={"timeout": WAIT})

    @event.listens_for(engine, "connect")
    def settings(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not where the driver thinks
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")  # a power cut may cost the last rows; files keep them

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def writers_turn(connection: Connection) -> None:
    """In a transaction: waits until no other one writes."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({LOCK})")


def _upgrade(engine: Engine, url: URL) -> None:
    """Bring the tables to the last revision; alembic is loaded only where they are not."""
    from contextlib import nullcontext

    from holdfast.store.ledger.tables import REVISION

    with engine.connect() as connection:
        if _revision(connection) == REVISION:
            return
    sqlite = url.get_backend_name() == "sqlite"
    with folder_lock(Path(str(url.database)).parent) if sqlite else nullcontext():
        if sqlite:
            _write_ahead(engine)
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            writers_turn(connection)
            if _revision(connection) != REVISION:
                migrate(connection)


def _revision(connection: Connection) -> str | None:
    from sqlalchemy import inspect

    if not inspect(connection).has_table("alembic_version"):
        return None
    held = connection.exec_driver_sql("select version_num from alembic_version").scalar()
    return None if held is None else str(held)


def _write_ahead(engine: Engine) -> None:
    """Readers do not wait for a writer, nor it for them. It holds for the file from then on."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def migrate(connection: Connection) -> None:
    """Run the revisions that are lacking, in the connection's transaction. Raises BadInput."""
    from alembic.command import upgrade
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        upgrade(config, "head")
    except CommandError as error:
        raise BadInput(f"the ledger was made by a newer Holdfast; update this one ({error})") from None
