"""Two processes on one study in PostgreSQL: a server of the test's own, in a folder of the test's own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from test_tune import NEIGHBOURS, Starter, starter, write

from holdfast.errors import BadInput
from holdfast.study.tune_storage import open_storage

pytestmark = pytest.mark.system
__all__ = ["starter"]


def program(name: str) -> str:
    """Where a program of PostgreSQL lies; skips where it does not."""
    pytest.importorskip("psycopg")
    there = [*Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), shutil.which(name)]
    if there[-1] is None and len(there) == 1:
        pytest.skip(f"PostgreSQL's {name} is not installed: apt install postgresql")
    return str(there[0])


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


def test_killed_and_resumed_by_two(url: str, starter: Starter, tmp_path: Path) -> None:
    path, study = write(tmp_path, NEIGHBOURS), tmp_path / "study"
    killed = starter.say("tune", path, study, 5, url)
    while not list(study.glob("trial-*/recipe.yaml")):
        assert Path(f"/proc/{killed}").exists()
    os.kill(killed, signal.SIGKILL)
    assert starter.say("wait", killed) == signal.SIGKILL
    both = [starter.say("tune", path, study, 5, url) for _ in range(2)]
    assert [starter.say("wait", one) for one in both] == [0, 0]
    trials = optuna.load_study(study_name="tiny-tune", storage=open_storage(url, "tiny-tune")[0]).trials
    assert all(one.state.is_finished() for one in trials)
    done = [one for one in trials if one.state == TrialState.COMPLETE]
    assert len(done) == len({str(one.params) for one in done}) == 5
    assert len(list(study.glob("trial-*"))) == 5


def test_a_server_that_is_not_there_is_one_message(url: str) -> None:
    with pytest.raises(BadInput, match="PostgreSQL does not answer"):
        open_storage("postgresql://postgres@127.0.0.1:1/none", "study")
