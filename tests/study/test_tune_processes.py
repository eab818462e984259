"""Several processes on one study, some of them killed: no trial is left at work, no point is tried twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest
from tuning import Gate, begun, wait_until

from holdfast.errors import JobFailed


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("gate"))


@pytest.mark.parametrize("storage", ["sqlite:///{}/study.db", "{}/study.journal"])
def test_one_of_two_is_killed_and_the_others_end_the_study(storage: str, gate: Gate, tmp_path: Path) -> None:
    gate.kill_one_of_two_and_add_a_third(tmp_path / "study", storage.format(tmp_path))


def test_jobs_work_side_by_side_and_a_killed_worker_is_made_good(gate: Gate, tmp_path: Path) -> None:
    study, where = tmp_path / "study", f"sqlite:///{tmp_path}/study.db"
    gate.file.unlink(missing_ok=True)

    def kill_one() -> None:
        try:
            wait_until(lambda: begun(study) == 2)  # both at once: neither ends before the gate is open
            os.kill(max(one.pid or 0 for one in multiprocessing.active_children()), signal.SIGKILL)
        finally:
            killed.wait(600)
            gate.file.touch()

    killed = threading.Event()
    thread = threading.Thread(target=kill_one)
    thread.start()
    try:
        with pytest.raises(JobFailed, match=r"a worker process died.*The same command again continues"):
            gate.tune(study, where, jobs=2)
    finally:
        killed.set()
        thread.join()
    gate.tune(study, where, jobs=2)
    gate.check(study, where)
