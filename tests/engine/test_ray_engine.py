"""Jobs on Ray: the same bits as inline, nothing trained twice but what was lost."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import tiny
import yaml

from holdfast.engine.job import Job
from holdfast.engine.ray_engine import SETTINGS, pickled
from holdfast.engine.ray_task import carry_out, files_of, unpack
from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe
from holdfast.store.run import Run
from holdfast.train import prepare, train

SLOW = '''
import os, time
from pathlib import Path

from holdfast.models.base import Estimator
from holdfast.models.forests import ExtraTrees
from holdfast.recipe.registry import component


@component("slow_trees")
class SlowTrees(Estimator):
    """Trees that take their time, and leave the number of the process that started theirs."""

    folder: str
    seconds: float

    def build(self, target, seed, threads):
        (Path(self.folder) / f"{time.time_ns()}").write_text(str(os.getppid()))
        time.sleep(self.seconds)
        return ExtraTrees(n_estimators=5).build(target, seed, threads)
'''


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write(tmp_path, seconds=0.0)


def write(folder: Path, seconds: float) -> Path:
    """A component of one's own, a network, and a student whose teacher is the first."""
    (folder / "marks").mkdir()
    (folder / "slow.py").write_text(SLOW)
    data = tiny.array_folder(folder / "data")
    members = {
        "slow": {"model": {"slow_trees": {"folder": str(folder / "marks"), "seconds": seconds}}},
        "conv": tiny.CONV,
        "student": {**tiny.CONV, "pseudo": {"teachers": ["slow"], "top": 0.5}},
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(tiny.recipe(tiny.ARRAYS, data, members, components=["slow.py"])))
    return path


def assert_equal(run: Run, whole: Run) -> None:
    assert run.oof.equals(whole.oof)
    for member in ("slow", "conv", "student", "ensemble"):
        assert np.array_equal(run.predictions(member), whole.predictions(member)), member
        assert np.array_equal(run.test_predictions(member), whole.test_predictions(member)), member


class Heard:
    """What tasks tell."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def put(self, event: dict[str, Any]) -> None:
        self.events.append(event)


def test_task_needs_nothing_of_this_machine(recipe: Path, tmp_path: Path) -> None:
    """Teacher and student as a node would train them, after all that they were made from is gone."""
    whole = train(recipe, tmp_path / "whole")
    work = prepare(load_recipe(recipe, ["threads=1"]), recipe.parent).work
    assert isinstance(work.train.source, np.memmap)
    held, sources = pickled({"": work}), [("slow.py", (tmp_path / "slow.py").read_bytes())]
    for folder in ("data", "slow.py"):
        (tmp_path / folder).rename(tmp_path / f"{folder}-away")
    heard = Heard()
    teacher = carry_out(sources, held, "", Job("slow", 0, 1), "teacher", {}, None, heard)
    student = carry_out(sources, held, "", Job("student", 0, 1), "student", {}, None, heard, teacher)
    assert teacher.error is None
    assert student.error is None
    for made, name in ((teacher, "slow"), (student, "student")):
        unpack(made.files, tmp_path / name)
        there = whole.fold_folder(name, 0, 1)
        assert set(files_of(tmp_path / name)) == set(files_of(there))
        assert np.array_equal(np.load(tmp_path / name / "oof.npy"), np.load(there / "oof.npy"))
        assert json.loads(made.files["done.json"])["hash"] == whole.done(name, 0, 1)["hash"]  # type: ignore[index]
    named = [event["job"] for event in heard.events if event["event"] == "start"]
    assert named == ["teacher", "student"]


def test_arrays_of_a_work_are_not_copied_into_its_pickle(recipe: Path) -> None:
    work = prepare(load_recipe(recipe, ["threads=1"]), recipe.parent).work
    written, arrays = pickled({"": work})
    assert work.train.source.nbytes in [array.nbytes for array in arrays]
    seen = pickle.loads(written, buffers=arrays)[""].train
    assert np.shares_memory(seen.source, arrays[[a.nbytes for a in arrays].index(seen.source.nbytes)])
    assert np.array_equal(seen.source, work.train.source)


def test_what_a_task_raises_comes_back(recipe: Path) -> None:
    work = prepare(load_recipe(recipe, ["threads=1"]), recipe.parent).work
    (recipe.parent / "marks").rmdir()
    made = carry_out([], pickled({"": work}), "", Job("slow", 0, 0), "slow", {}, None, Heard())
    assert isinstance(made.error, FileNotFoundError)
    assert made.files == {}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"engine": "ray", "address": "ray://there:10001"}, "--address: expected HOST:PORT"),
        ({"engine": "ray", "address": "there"}, "--address: expected HOST:PORT"),
        ({"address": "auto"}, "--address: names a Ray cluster; give --engine ray, too"),
        ({"engine": "rai"}, "--engine: expected auto, inline, processes or ray, got 'rai'"),
    ],
)
def test_engine_that_cannot_be_is_refused(how: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        train({}, tmp_path / "run", **how)


def test_address_where_nobody_listens_is_refused(recipe: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BadInput, match=f"nobody answers at {address}"):
            train(recipe, tmp_path / "run", engine="ray", address=address)


def test_missing_ray_is_one_line(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadInput, match=r"Ray, which is not installed; install it .*\[ray\]"):
        train(recipe, tmp_path / "run", engine="ray")


# with Ray itself, whose start takes longer than these runs


@pytest.fixture
def no_processes_left() -> Iterator[None]:
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    yield
    wait_until(lambda: not {one.pid for one in psutil.Process().children(recursive=True)} - before)


def wait_until(happened: Callable[[], bool], seconds: float = 300) -> None:
    ends = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.05)


def starts(events: list[dict[str, Any]]) -> Counter[str]:
    return Counter(event["job"] for event in events if event["event"] == "start")


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes_left")
def test_node_that_is_killed_loses_its_job_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nodes of one core; one is killed in the middle of its second job."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    from ray.cluster_utils import Cluster

    recipe = write(tmp_path, seconds=4.0)
    whole = train(recipe, tmp_path / "whole")
    for mark in (tmp_path / "marks").iterdir():
        mark.unlink()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        (raylet,) = (one.process.pid for one in second.all_processes["raylet"])

        def at_work() -> int:
            return sum(mark.read_text() == str(raylet) for mark in (tmp_path / "marks").iterdir())

        def kill() -> None:
            wait_until(lambda: at_work() > 0)
            cluster.remove_node(second, allow_graceful=False)

        thread = threading.Thread(target=kill, daemon=True)
        thread.start()
        seen: list[dict[str, Any]] = []
        began = time.monotonic()
        run = train(recipe, tmp_path / "run", engine="ray", address=cluster.address, report=seen.append)
        print(f"{time.monotonic() - began:.1f} s on two nodes, of which one was killed")
        thread.join()
    finally:
        cluster.shutdown()
    assert_equal(run, whole)
    (begun,) = (event for event in seen if event["event"] == "run")
    assert begun["at_a_time"] == 2
    lost = [event["job"] for event in seen if event["event"] == "lost"]
    assert len(lost) == 1
    twice = {job for job, times in starts(seen).items() if times > 1}
    assert twice == set(lost)
    assert sum(starts(seen).values()) == 9 + len(lost)
    assert Counter(event["event"] for event in seen)["done"] == 9


DRIVER = """
import sys
from holdfast.train import train
train(sys.argv[1], sys.argv[2], engine="ray", jobs=2, threads=1)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("no_processes_left")
def test_driver_that_is_killed_goes_on(tmp_path: Path) -> None:
    recipe = write(tmp_path, seconds=1.0)
    whole, output = train(recipe, tmp_path / "whole"), tmp_path / "run"
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(recipe), str(output)])
    try:
        wait_until(lambda: len(list(output.rglob("done.json"))) > 1)
        tasks = psutil.Process(driver.pid).children(recursive=True)
    finally:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    wait_until(lambda: not any(one.is_running() for one in tasks))
    before = {file: file.stat().st_mtime_ns for file in output.rglob("done.json")}
    assert 1 < len(before) < 9
    seen: list[dict[str, Any]] = []
    run = train(recipe, output, engine="ray", jobs=2, report=seen.append)
    assert_equal(run, whole)
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert sum(starts(seen).values()) == 9 - len(before)
