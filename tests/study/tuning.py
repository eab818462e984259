"""A tiny study to tune, whose trials wait at a gate, and what its storage holds."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import tiny
import yaml
from optuna.trial import FrozenTrial, TrialState

from holdfast.study.tune import tune
from holdfast.study.tune_processes import server
from holdfast.study.tune_storage import open_storage

TRIALS = 4
GATED = '''
import time
from pathlib import Path

from holdfast.models.base import Estimator
from holdfast.models.neighbours import NearestNeighbours
from holdfast.recipe.registry import component


@component("gated_knn")
class Gated(Estimator):
    """Nearest neighbours that are not fitted before a file is there."""

    n_neighbors: int
    gate: str

    def weighted(self):
        return False

    def build(self, target, seed, threads):
        ends = time.monotonic() + 600
        while not Path(self.gate).exists():
            if time.monotonic() > ends:
                raise ValueError("the gate stayed shut")
            time.sleep(0.01)
        return NearestNeighbours(n_neighbors=self.n_neighbors).build(target, seed, threads)
'''


def write(folder: Path, members: dict[str, Any], k: int = 2, each: int = 6, **over: Any) -> Path:
    """A recipe with searches beside its data."""
    folds = {"kind": "stratified_group", "k": k}
    data = tiny.table_folder(folder / "data", each=each)
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(tiny.recipe(tiny.TABLE, data, members, **{"folds": folds, **over})))
    return path


def trials_of(where: str) -> list[FrozenTrial]:
    return optuna.load_study(study_name="tiny-tune", storage=open_storage(where, "tiny-tune")[0]).trials


def scored(where: str) -> dict[str, float]:
    """Value by point of the trials that were scored; fails where a point was tried twice, or one is at work."""
    held = trials_of(where)
    assert all(one.state.is_finished() for one in held)
    done = [one for one in held if one.state == TrialState.COMPLETE]
    made = {str(sorted(one.params.items())): one.value for one in done}
    assert len(made) == len(done)
    return {point: value for point, value in made.items() if value is not None}


class Gate:
    """A study whose trials begin and then wait until the gate is open, and what it finds unbroken."""

    def __init__(self, folder: Path):
        self.file = folder / "open"
        (folder / "gated.py").write_text(GATED)
        search = {"search": {"int": [1, 12]}}
        member = {"model": {"gated_knn": {"n_neighbors": search, "gate": str(self.file)}}}
        self.recipe = write(folder, {"knn": member}, components=["gated.py"])
        self.file.touch()
        self.tune(folder / "unbroken", str(folder / "unbroken.journal"), finalists=0)
        self.unbroken = scored(str(folder / "unbroken.journal"))
        assert len(self.unbroken) == TRIALS

    def tune(self, study: Path, where: str, **over: Any) -> None:
        tune(self.recipe, study, **{**self.options(where), **over})

    def options(self, where: str) -> dict[str, Any]:
        return {"trials": TRIALS, "sampler": "random", "pruner": "none", "storage": where, "finalists": 1}

    def begin(self, study: Path, where: str) -> Any:
        """The same in a process of its own."""
        process = server().Process(
            target=tune, args=(self.recipe, study), kwargs=self.options(where), daemon=True
        )
        process.start()
        return process

    def kill_one_of_two_and_add_a_third(self, study: Path, where: str) -> None:
        """Two processes are in a trial each, one is killed there; the other, and a third, end the study."""
        self.file.unlink(missing_ok=True)
        first, second = (self.begin(study, where) for _ in range(2))
        wait_until(lambda: begun(study) == 2)
        assert first.is_alive()
        os.kill(first.pid, signal.SIGKILL)
        third = self.begin(study, where)
        self.file.touch()
        for process in (first, second, third):
            process.join(600)
        assert [first.exitcode, second.exitcode, third.exitcode] == [-signal.SIGKILL, 0, 0]
        self.check(study, where)

    def check(self, study: Path, where: str) -> None:
        """No trial is left at work, no point was tried twice, and every score is that of an unbroken study."""
        assert scored(where) == self.unbroken
        assert len(list(study.glob("trial-*"))) == TRIALS, "a trial that is put back goes on in its folder"
        assert len(list(study.glob("finalist-*"))) == 1


def begun(study: Path) -> int:
    """Trials that train."""
    return sum('"start"' in file.read_text() for file in study.glob("trial-*/events.jsonl"))


def wait_until(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + 600
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.02)
