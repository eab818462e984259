"""A PostgreSQL server of the tests' own, in a folder of its own; skips where there is none and none can be installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest


def program(name: str) -> str:
    """Where a program of PostgreSQL lies, which is installed where apt and the rights are there; else skips."""
    pytest.importorskip("psycopg")
    if found(name) is None and os.getuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", "postgresql"]
        subprocess.run(install, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False)
    path = found(name)
    if path is None:
        pytest.skip(f"PostgreSQL's {name} is not installed: apt-get install postgresql")
    return path


def found(name: str) -> str | None:
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(there[-1]) if there else shutil.which(name)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that listens on this machine alone, ended after the tests."""
    initdb, server = program("initdb"), program("pg_ctl")
    folder = Path("/tmp") / f"holdfast-pg-{os.getpid()}"  # pytest's own folders are closed to another user
    folder.mkdir()
    user = "postgres" if os.getuid() == 0 else None  # PostgreSQL does not run as root
    if user is not None:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = folder / "data"
    log = tmp_path_factory.mktemp("log") / "out"
    with log.open("w") as out:
        for command in (
            [initdb, "-D", str(made), "-U", "postgres", "-A", "trust", "--no-sync"],
            [server, "-D", str(made), "-w", "-l", str(folder / "log"), "-o",
             f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}", "start"],
        ):  # fmt: skip
            subprocess.run(command, check=True, user=user, cwd="/", stdout=out, stderr=out)
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    subprocess.run([server, "-D", str(made), "-m", "immediate", "stop"], check=True, user=user, cwd="/")
    shutil.rmtree(folder)


@pytest.fixture
def database(postgres: str) -> str:
    """The URL of an empty database of the test's own on that server."""
    import psycopg

    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return f"{postgres.rsplit('/', 1)[0]}/{name}"
