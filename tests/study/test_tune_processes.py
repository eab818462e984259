"""Several processes on one study, some of them killed: no trial is left at work, no point is tried twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest
from tuning import TRIALS, Gate, begun, wait_until


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("gate"))


@pytest.mark.parametrize(
    "storage", ["sqlite:///{}/study.db", pytest.param("{}/study.journal", marks=pytest.mark.slow)]
)
def test_one_of_two_is_killed_and_the_others_end_the_study(storage: str, gate: Gate, tmp_path: Path) -> None:
    gate.kill_one_of_two_and_add_a_third(tmp_path / "study", storage.format(tmp_path))


def test_jobs_work_side_by_side_and_go_on_where_one_is_killed(gate: Gate, tmp_path: Path) -> None:
    study, told = tmp_path / "study", []
    gate.file.unlink(missing_ok=True)

    def kill_one() -> None:
        try:
            wait_until(lambda: begun(study) == 2)  # both at once: neither ends before the gate is open
            os.kill(max(one.pid or 0 for one in multiprocessing.active_children()), signal.SIGKILL)
        finally:
            gate.file.touch()

    thread = threading.Thread(target=kill_one)
    thread.start()
    where = f"sqlite:///{tmp_path}/study.db"
    gate.tune(study, where, jobs=2, report=told.append)
    thread.join()
    gate.check(study, where)
    assert sum(one["event"] == "trial" for one in told) == TRIALS
    assert any("a worker process died" in one.get("note", "") for one in told)
