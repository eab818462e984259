"""Where a ledger lies, and to which runs folder a run belongs."""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.errors import BadInput
from holdfast.store.atomic import write_text

if TYPE_CHECKING:
    from sqlalchemy import URL

VARIABLE = "HOLDFAST_LEDGER"
FILE, PLACE = "ledger.db", ".ledger-place"
RUNS = Path("runs")
SQLITE, POSTGRES = "sqlite:///", ("postgresql://", "postgres://", "postgresql+psycopg://")
LISTED = "expected a file, sqlite:///FILE or postgresql://USER@HOST/DATABASE"


def url_of(where: str | Path | None, runs: Path) -> URL:
    """The SQLAlchemy URL of a ledger. Raises BadInput, which repeats no URL: it may hold a password."""
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    text = str(where or os.environ.get(VARIABLE) or runs / FILE)
    if text.startswith(POSTGRES):
        try:
            return make_url("postgresql+psycopg://" + text.split("://", 1)[1])
        except (ArgumentError, ValueError):
            raise BadInput(f"the ledger's URL cannot be read; {LISTED}") from None
    if "://" in text and not text.startswith(SQLITE):
        raise BadInput(f"the ledger: {text.split('://')[0]}:// is not known here; {LISTED}")
    file = Path(text.removeprefix(SQLITE))
    if not file.name or file.is_dir():
        raise BadInput(f"the ledger: {str(file)!r} names no file; {LISTED}")
    return URL.create("sqlite", database=str(file.absolute()))


def shown(url: URL) -> str:
    """A URL to print: without password, nor options, one of which may be a password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def runs_folder_of(run: str | Path) -> Path:
    """The folder that holds a run folder: the nearest above that has a ledger's mark, or is `./runs`; else its parent."""
    path, usual = Path(run).resolve(), RUNS.resolve()
    for above in path.parents:
        if above == usual or (above / PLACE).is_file():
            return above
    return path.parent


def place_of(runs: Path) -> dict[str, str]:
    """The row of `places` that is this runs folder's. Its id is kept in the folder, and moves and is shared with it."""
    file = runs / PLACE
    with folder_lock(runs):
        if not file.is_file():
            write_text(file, uuid.uuid4().hex + "\n")
    key = file.read_text(encoding="utf-8").strip()
    return {"id": key, "host": socket.gethostname(), "path": str(runs.resolve())}


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """One process at a time, without a file of its own; makes the folder. The lock ends with its process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise BadInput(f"{folder}: {error.strerror or error}") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
