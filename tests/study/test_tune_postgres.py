"""Two processes on one study in PostgreSQL: a server of the test's own, in a folder of the test's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tuning import Gate

from holdfast.errors import BadInput
from holdfast.study.tune_storage import ASK, PostgresLocks, open_storage

pytestmark = pytest.mark.system


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


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that listens on this machine alone, ended after the tests."""
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


def test_one_of_two_is_killed_and_the_others_end_the_study(url: str, tmp_path: Path) -> None:
    Gate(tmp_path).kill_one_of_two_and_add_a_third(tmp_path / "study", url)


def test_a_worker_lives_as_long_as_its_connection(url: str) -> None:
    url = url.replace("postgresql://", "postgresql+psycopg://")
    locks, others = PostgresLocks(url, "study"), PostgresLocks(url, "study")
    with locks.at_work() as worker:
        assert others.alive(worker)
        with (
            others.engine.connect() as connection
        ):  # as where a machine falls silent, and its server finds out
            (lost,) = connection.exec_driver_sql(
                "select pid from pg_locks where locktype = 'advisory' and granted"
            )
            connection.exec_driver_sql(f"select pg_terminate_backend({lost[0]}, 10000)")
        assert not others.alive(worker)
    with locks.at_work() as worker:
        assert others.alive(worker)


def test_the_server_asks_after_its_clients(url: str) -> None:
    with PostgresLocks(
        url.replace("postgresql://", "postgresql+psycopg://"), "study"
    ).engine.connect() as one:
        for name, seconds in ASK.items():
            assert one.exec_driver_sql(f"show tcp_keepalives_{name}").scalar() == str(seconds)


@pytest.mark.parametrize("wrong", ["postgres@127.0.0.1:1/none", "{}/none", "{}:5432:5432"])
def test_a_server_that_does_not_answer_is_one_message(wrong: str, url: str) -> None:
    where = "postgresql://" + wrong.format(url.split("://")[1].rsplit("/", 1)[0])
    with pytest.raises(BadInput, match=r"PostgreSQL does not answer as the URL says: .+"):
        open_storage(where, "study")
