"""Which point is tried next: dead trials are put back, no point is tried twice, each trial has a seed of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from optuna import Study, Trial
from optuna.trial import FrozenTrial, TrialState

from holdfast.keys import seed_of
from holdfast.recipe.search import fill, points, size
from holdfast.study.tune_samplers import make_sampler, suggest
from holdfast.study.tune_storage import Locks

BY_SAMPLER, BY_CHANCE = 10, 100  # suggestions of known points before chance, and then the end
MOST_POINTS = 10_000  # that are listed one by one

# What a trial's user attributes say.
WORKER = "worker"  # who works on it; written last, so a trial without it was never begun
PLACE = "place"  # number of its run folder: a trial that is put back goes on where the dead one was
AGAIN = "again"  # the place of the dead trial that it takes up
SAME_AS = "same_as"  # the trial that has tried this point; this one is not tried
ERROR = "error"  # why it has no score


@dataclass(frozen=True)
class Space:
    """The recipe's plain values with searches, and how their points are drawn."""

    values: dict[str, Any]
    sampler: str
    seed: int

    def draw(self, trial: Trial) -> dict[str, Any]:
        """The values of a trial: every search that counts is suggested."""
        return fill(self.values, lambda search: suggest(trial, search))

    def at(self, params: dict[str, Any]) -> dict[str, Any]:
        """The values of a point."""
        return fill(self.values, lambda search: params[search.path])

    @property
    def listed(self) -> int | None:
        """How many points there are to be listed; None where they are endless, or too many."""
        count = size(self.values, grid=self.sampler == "grid")
        return None if count is None or count > MOST_POINTS else count

    def shuffled(self) -> list[dict[str, Any]]:
        """All points, in an order of the seed's."""
        every = list(points(self.values))
        random.Random(seed_of(self.seed, "tune", "grid")).shuffle(every)
        return every


@dataclass(frozen=True)
class Asked:
    """A trial to be tried, with the values of its recipe."""

    trial: Trial
    values: dict[str, Any]
    place: int


def place_of(trial: FrozenTrial) -> int:
    """The number that a trial goes by, and its run folder: a trial that is put back keeps the dead one's."""
    return int(trial.user_attrs.get(PLACE, trial.user_attrs.get(AGAIN, trial.number)))


def is_tried(trial: FrozenTrial) -> bool:
    """Whether a trial stands for a point that was tried, or is at work."""
    if trial.state == TrialState.FAIL:
        return ERROR in trial.user_attrs
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)


def _is_draw(trial: FrozenTrial) -> bool:
    """Whether a trial took a draw: not one that is put back, nor one whose process died while it asked."""
    said = trial.user_attrs
    return AGAIN not in said and (WORKER in said or SAME_AS in said)


def next_trial(study: Study, locks: Locks, worker: str, space: Space, trials: int) -> Asked | None:
    """The next trial of a study of so many; None where there is none left to begin."""
    with locks.asking():
        put_back(study, locks)
        for attempt in range(BY_SAMPLER + BY_CHANCE):
            held = study.get_trials(deepcopy=False)
            waiting = any(one.state == TrialState.WAITING for one in held)
            tried = [one for one in held if is_tried(one)]
            if not waiting and len(tried) >= trials:
                return None
            if not waiting and not _offer(study, space, tried, attempt):
                return None
            asked = _ask(study, worker, space, held, tried, attempt)
            if asked is not None:
                return asked
    return None


def _offer(study: Study, space: Space, tried: list[FrozenTrial], attempt: int) -> bool:
    """Queue a point where the study itself chooses it; False where every point has been tried."""
    if space.listed is None or (
        space.sampler != "grid" and attempt < BY_SAMPLER and len(tried) < space.listed
    ):
        return True
    known = [one.params for one in tried]
    for point in space.shuffled():
        if point not in known:
            study.enqueue_trial(point)
            return True
    return False


def _ask(
    study: Study, worker: str, space: Space, held: list[FrozenTrial], tried: list[FrozenTrial], attempt: int
) -> Asked | None:
    """A trial whose point nobody has tried; None, and the trial is closed, where somebody has."""
    draws = sum(map(_is_draw, held))
    kind = space.sampler if attempt < BY_SAMPLER else "random"
    study.sampler = make_sampler(kind, seed_of(space.seed, "tune", draws))
    trial = study.ask()
    values = space.draw(trial)
    twin = next((one for one in tried if one.number != trial.number and one.params == trial.params), None)
    if twin is not None:
        trial.set_user_attr(SAME_AS, twin.number)
        study.tell(trial, state=TrialState.FAIL)
        return None
    place = trial.user_attrs.get(AGAIN, trial.number)
    trial.set_user_attr(PLACE, place)
    trial.set_user_attr(WORKER, worker)
    return Asked(trial, values, place)


def put_back(study: Study, locks: Locks) -> list[int]:
    """Fail the trials whose processes are dead, and queue their points again; gives their numbers in Optuna."""
    dead = list(_dead(study, locks))
    for one in dead:
        begun = WORKER in one.user_attrs
        point = one.params if begun else one.system_attrs.get("fixed_params")
        if point is not None:  # queued before it is failed: a kill in between loses nothing
            study.enqueue_trial(point, user_attrs={AGAIN: place_of(one)})
        study.tell(one.number, state=TrialState.FAIL, skip_if_finished=True)
    return [one.number for one in dead]


def _dead(study: Study, locks: Locks) -> Iterator[FrozenTrial]:
    """Trials at work whose process is not; one without a worker belongs to a process that died while it asked."""
    for one in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        worker = one.user_attrs.get(WORKER)
        if worker is None or not locks.alive(worker):
            yield one
