"""Workers that hang, die, or only take long: planted ones, each in a real process."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import yaml

from holdfast.engine.watchdog import Watch, end_with_children, limit_of, stack_of
from holdfast.errors import BadInput, JobFailed
from holdfast.store.run import Run
from holdfast.study.ablate import ablate
from holdfast.study.tune import tune
from holdfast.study.tune_result import Tuned
from holdfast.train import train

LIMIT = 2
PLANTED = '''
import ctypes, os, signal, threading, time
from pathlib import Path

from holdfast.models.base import Estimator
from holdfast.models.forests import ExtraTrees
from holdfast.recipe.registry import component


def wait_for_a_lock():
    lock = threading.Lock()
    with lock:
        lock.acquire()


def hold_the_gil():
    while True:
        ctypes.PyDLL(None).sleep(1000)


def compute():
    """Longer than the watchdog would wait, and tell nothing."""
    ends = time.process_time() + 3
    while time.process_time() < ends:
        pass


@component("planted")
class Planted(Estimator):
    """Trees whose calls, counted in a file, do first what the list says."""

    calls: str = ""
    then: tuple[str, ...] = ()
    n_estimators: int = 5

    def build(self, target, seed, threads):
        if self.calls:
            with open(self.calls, "a+") as file:
                file.write("x")
                number = file.tell() - 1
            told = self.then[number] if number < len(self.then) else "go"
            {
                "go": lambda: None, "sleep": lambda: time.sleep(1000), "lock": wait_for_a_lock, "gil": hold_the_gil,
                "compute": compute, "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
            }[told]()
        return ExtraTrees(n_estimators=self.n_estimators).build(target, seed, threads)
'''


class Plant:
    """Runs of a recipe whose model does at its first calls what it is told."""

    def __init__(self, folder: Path):
        self.folder, self.more = folder, dict[str, Any]()  # fields of the model
        tiny.table_folder(folder / "data")
        (folder / "planted.py").write_text(PLANTED)
        self.whole = train(self.recipe(), folder / "whole", base=folder)

    def recipe(self, *then: str, name: str = "") -> dict[str, Any]:
        calls = str(self.folder / f"{name}.calls") if name else ""
        member = {"model": {"planted": {"calls": calls, "then": then, **self.more}}}
        return tiny.recipe(tiny.TABLE, self.folder / "data", {"trees": member}, components=["planted.py"])

    def run(self, *then: str, name: str, **over: Any) -> tuple[Run, list[dict[str, Any]]]:
        seen: list[dict[str, Any]] = []
        how: dict[str, Any] = {"engine": "processes", "jobs": 1, "watchdog": f"{LIMIT}s", **over}
        recipe = self.recipe(*then, name=name)
        made = train(recipe, self.folder / name, base=self.folder, report=seen.append, **how)
        return made, [event for event in seen if event["event"] in ("start", "lost", "done")]

    def calls(self, name: str) -> int:
        return len((self.folder / f"{name}.calls").read_text())


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Plant(tmp_path_factory.mktemp("plant"))


def assert_equal(run: Run, whole: Run) -> None:
    assert run.oof.equals(whole.oof)
    for member in ("trees", "ensemble"):
        assert np.array_equal(run.predictions(member), whole.predictions(member))
        assert np.array_equal(run.test_predictions(member), whole.test_predictions(member))


def test_hung_fold_is_named_with_its_stack_and_goes_again(plant: Plant) -> None:
    """Fold 1 sleeps for ever; fold 2 only takes long, and computes: it is left alone."""
    run, seen = plant.run("go", "sleep", "go", "compute", name="asleep")
    assert_equal(run, plant.whole)
    assert [(one["event"], one["job"]) for one in seen] == [
        ("start", "trees fold 0"), ("done", "trees fold 0"), ("start", "trees fold 1"), ("lost", "trees fold 1"),
        ("start", "trees fold 1"), ("done", "trees fold 1"), ("start", "trees fold 2"), ("done", "trees fold 2"),
    ]  # fmt: skip
    assert "it hung" in seen[3]["why"]
    assert "planted.py" in seen[3]["why"]
    assert "in build" in seen[3]["why"]
    assert plant.calls("asleep") == 4  # each fold once, but for the one that was lost


@pytest.mark.slow  # each worker takes seconds to import what it needs
def test_worker_that_holds_the_gil_tells_its_stack_too(plant: Plant) -> None:
    run, seen = plant.run("gil", name="gil")
    assert_equal(run, plant.whole)
    (lost,) = (one for one in seen if one["event"] == "lost")
    assert "in hold_the_gil" in lost["why"]


@pytest.mark.slow
def test_hung_twice_ends_the_run_and_keeps_what_is_finished(plant: Plant) -> None:
    with pytest.raises(JobFailed, match=r"trees fold 1: lost for the second time: it hung") as caught:
        plant.run("go", "lock", "lock", name="twice")
    assert "in wait_for_a_lock" in str(caught.value)
    path = plant.folder / "twice"
    assert [file.parent.name for file in path.rglob("done.json")] == ["fold-0"]
    run, seen = plant.run("go", "lock", "lock", name="twice", engine="inline")  # its fourth call goes
    assert_equal(run, plant.whole)
    assert [one["job"] for one in seen if one["event"] == "start"] == ["trees fold 1", "trees fold 2"]


@pytest.mark.slow
def test_worker_that_dies_loses_its_job_once(plant: Plant) -> None:
    run, seen = plant.run("die", name="dies")
    assert_equal(run, plant.whole)
    (lost,) = (one for one in seen if one["event"] == "lost")
    assert lost["job"] == "trees fold 0"
    assert "was killed, most likely for too little memory" in lost["why"]
    with pytest.raises(
        JobFailed, match="trees fold 0: lost for the second time: its worker process was killed"
    ):
        plant.run("die", "die", name="dies-twice")


@pytest.mark.slow
def test_hung_job_of_an_ablation_goes_again(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plant.folder)
    found = []
    for name, then in (("unbroken", ()), ("broken", ("sleep",))):
        recipe, lost = plant.folder / f"{name}.yaml", []
        recipe.write_text(yaml.safe_dump(plant.recipe(*then, name=f"{name}-ablate")))

        def report(event: dict[str, Any], lost: list[str] = lost) -> None:
            lost += [event["job"]] if event["event"] == "lost" else []

        made = ablate(
            recipe, add=["prepare.standardize"], output=name, jobs=2, watchdog=f"{LIMIT}s", report=report
        )
        assert len(lost) == len(then)
        found.append([{**row.plain(), "folder": ""} for row in made.rows])
    assert found[0] == found[1]


@pytest.mark.slow
def test_hung_trial_of_a_study_goes_again_once(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plant, "more", {"n_estimators": {"search": {"choice": [2, 5]}}})
    notes: list[str] = []

    def report(event: dict[str, Any]) -> None:
        notes.extend([event["note"]] if event["event"] == "note" else [])

    def study(name: str, *then: str) -> Tuned:
        recipe = plant.folder / f"{name}.yaml"
        recipe.write_text(yaml.safe_dump(plant.recipe(*then, name=name)))
        how: dict[str, Any] = {"trials": 2, "sampler": "grid", "pruner": "none", "finalists": 0, "jobs": 2}
        return tune(recipe, plant.folder / f"{name}-tune", watchdog=f"{LIMIT}s", report=report, **how)

    made = study("tuned", "sleep")
    assert made.counts["scored"] == 2
    (note,) = notes
    assert "hung: no processor time" in note
    assert "in build" in note
    with pytest.raises(JobFailed, match="hung: no processor time") as caught:
        study("tuned-twice", *["sleep"] * 10)
    assert "For the second time" in str(caught.value)
    assert not multiprocessing.active_children()


@pytest.fixture
def ended() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        end_with_children(process.pid)
        process.wait()


SPIN = "while True: pass"
AFTER_A_WORD = "print(flush=True)\n"


@pytest.mark.parametrize(
    ("code", "hangs"),
    [
        ("import time; time.sleep(1000)", True),
        (SPIN, False),
        (f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SPIN!r}])", False),
    ],
    ids=["asleep", "computing", "waiting for a child that computes"],
)
def test_only_a_process_that_rests_with_its_children_hangs(
    code: str, hangs: bool, ended: list[subprocess.Popen[bytes]]
) -> None:
    process = subprocess.Popen([sys.executable, "-c", AFTER_A_WORD + code], stdout=subprocess.PIPE)
    ended.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    watch = Watch(process.pid, 1.0)
    looks = []
    for _ in range(30):
        time.sleep(0.05)
        looks.append(watch.hung())
    assert any(looks) == hangs
    if hangs:
        watch.heard()
        assert not watch.hung()


def test_time_in_which_nobody_looked_does_not_count(ended: list[subprocess.Popen[bytes]]) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    ended.append(process)
    watch = Watch(process.pid, 0.5)
    time.sleep(1)
    assert not watch.hung()


def test_stack_of_a_process_that_shows_none_ends_it(
    tmp_path: Path, ended: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.engine.watchdog.WRITING", 0.3)
    process = subprocess.Popen(["sleep", "1000"])
    ended.append(process)
    assert stack_of(process.pid, tmp_path / "none.txt") == ""
    assert process.wait(10) == -signal.SIGUSR1


@pytest.mark.parametrize("given", ["soon", "10", "0s", "-1m"])
def test_limit_that_is_no_time_is_refused(given: str) -> None:
    with pytest.raises(BadInput, match="--watchdog: expected a time, as 90s, 10m or 2h"):
        limit_of(given)
