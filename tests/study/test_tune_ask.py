"""Which point is tried next: seeds by trial, no point twice, dead trials put back. Nothing is trained here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from holdfast.study.tune_ask import Asked, Space, next_trial, put_back
from holdfast.study.tune_samplers import make_pruner
from holdfast.study.tune_storage import Locks, open_storage

ENDLESS = {"fit": {"lr": {"search": {"log": [1e-4, 1e-2]}}, "epochs": {"search": {"int": [1, 9]}}}}
FIVE = {
    "model": {"search": {"choice": ["svc", {"knn": {"n": {"search": {"int": [1, 4]}}}}]}},
    "seed": 3,
}  # five points: svc, or knn with 1 to 4
FEW = 5  # trials, and the points of FIVE


def bench(where: str) -> tuple[optuna.Study, Locks]:
    """The study of a storage, opened anew as another process would."""
    storage, locks = open_storage(where, "study")
    with locks.asking():
        made = optuna.create_study(
            storage=storage, study_name="study", load_if_exists=True, pruner=make_pruner("none")
        )
    return made, locks


def value(params: dict[str, Any]) -> float:
    return sum(float(one) for one in params.values() if not isinstance(one, str))


def try_all(where: str, space: Space, trials: int) -> list[Asked]:
    """Ask and tell until nothing is left, in one process."""
    study, locks = bench(where)
    made = []
    with locks.at_work() as worker:
        while (asked := next_trial(study, locks, worker, space, trials)) is not None:
            study.tell(asked.trial, value(asked.trial.params))
            made.append(asked)
    return made


def states(where: str) -> list[TrialState]:
    return [one.state for one in bench(where)[0].trials]


@pytest.fixture(params=["journal", "sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (
        str(tmp_path / "study.journal")
        if request.param == "journal"
        else f"sqlite:///{tmp_path / 'study.db'}"
    )


def test_a_study_that_goes_on_tries_what_an_unbroken_one_tries(tmp_path: Path) -> None:
    space = Space(ENDLESS, "random", 7)
    whole = [one.values for one in try_all(str(tmp_path / "whole"), space, 6)]
    broken = [one.values for n in (1, 2, 4, 6) for one in try_all(str(tmp_path / "broken"), space, n)]
    assert broken == whole
    assert len({one["fit"]["lr"] for one in whole}) == 6
    assert [one.values for one in try_all(str(tmp_path / "other"), Space(ENDLESS, "random", 8), 6)] != whole


def test_a_trial_of_a_dead_process_is_put_back_and_the_rest_is_as_unbroken(
    where: str, tmp_path: Path
) -> None:
    space = Space(ENDLESS, "random", 7)
    whole = [one.values for one in try_all(str(tmp_path / "whole"), space, FEW)]
    made = try_all(where, space, 2)
    study, locks = bench(where)
    with locks.at_work() as worker:  # ends without a word to the study
        dead = next_trial(study, locks, worker, space, FEW)
    assert dead is not None
    rest = try_all(where, space, FEW)
    assert rest[0].place == dead.place == 2
    assert rest[0].trial.number == 3
    assert [one.values for one in (*made, *rest)] == whole
    assert states(where).count(TrialState.COMPLETE) == FEW
    assert states(where).count(TrialState.FAIL) == 1
    assert len(states(where)) == FEW + 1


def test_a_trial_at_work_is_left_alone_and_its_point_not_tried_again(where: str) -> None:
    space = Space(FIVE, "random", 0)
    study, locks = bench(where)
    with locks.at_work() as worker:
        mine = next_trial(study, locks, worker, space, 10)
        assert mine is not None
        other, others_locks = bench(where)
        assert put_back(other, others_locks) == []
        assert mine.values not in [one.values for one in try_all(where, space, 10)]
    assert states(where).count(TrialState.RUNNING) == 1
    assert len(put_back(*bench(where))) == 1


@pytest.mark.parametrize("sampler", ["tpe", "random", "cmaes", "grid"])
def test_no_point_is_tried_twice_and_the_study_ends_with_the_last(sampler: str, tmp_path: Path) -> None:
    made = try_all(str(tmp_path / "study.journal"), Space(FIVE, sampler, 1), 100)
    points = [str(one.values) for one in made]
    assert len(points) == len(set(points)) == FEW
    assert TrialState.RUNNING not in states(str(tmp_path / "study.journal"))


def test_a_failed_trial_counts_and_a_repeated_one_does_not(tmp_path: Path) -> None:
    where = str(tmp_path / "study.journal")
    made = try_all(where, Space(FIVE, "random", 1), 4)
    assert len(made) == 4
    assert states(where).count(TrialState.COMPLETE) == 4


def forked(work: Callable[[], None], ready: Path) -> int:
    """A process that works and then sleeps; its id, once it is ready."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            ready.touch()
            time.sleep(60)
        finally:
            os._exit(1)
    deadline = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return pid


def test_a_killed_process_leaves_no_trial_at_work(where: str, tmp_path: Path) -> None:
    space = Space(ENDLESS, "random", 7)
    held: list[Any] = []

    def work() -> None:
        study, locks = bench(where)
        context = locks.at_work()
        held.append(context)
        held.append(next_trial(study, locks, context.__enter__(), space, FEW))

    pid = forked(work, tmp_path / "ready")
    try:
        study, locks = bench(where)
        assert put_back(study, locks) == [], "it is alive"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert put_back(*bench(where)) == [0]
    made = try_all(where, space, FEW)
    assert [one.place for one in made] == [0, *range(2, FEW + 1)]
    assert TrialState.RUNNING not in states(where)


def test_cma_es_goes_on_where_a_stopped_study_was(tmp_path: Path) -> None:
    """A sampler is made for each trial; what CMA-ES has learned lies in the study."""
    axis = {"search": {"uniform": [-4, 4]}}
    space, where = Space({"fit": {"a": axis, "b": axis}}, "cmaes", 5), str(tmp_path / "study.journal")
    for trials in (20, 40, 60):
        study, locks = bench(where)
        with locks.at_work() as worker:
            while (asked := next_trial(study, locks, worker, space, trials)) is not None:
                study.tell(asked.trial, sum((one - 1) ** 2 for one in asked.trial.params.values()))
    values = [one.value or 0.0 for one in bench(where)[0].trials]
    assert len(values) == 60
    assert sum(values[40:]) < 0.25 * sum(values[:20])
