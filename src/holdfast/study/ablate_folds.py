"""Runs that are trained one fold at a time, and take over what another run has trained for the same job."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.engine.budget import RESERVE
from holdfast.engine.folder import open_run
from holdfast.engine.job import Job, Report
from holdfast.ensemble.chain import chain_of, cross_fitted
from holdfast.errors import BadInput
from holdfast.fit.resolved import resolve, saw_unlabelled, unreached
from holdfast.fit.transfer import with_starts
from holdfast.oof.scores import score_so_far
from holdfast.oof.table import gather, truth_of
from holdfast.predict.pool import check_pool
from holdfast.recipe.schema import Recipe
from holdfast.store.atomic import write_json
from holdfast.store.run import ENSEMBLE, Run
from holdfast.train import Plan, _finish, pools_of

MARGIN = 1.1  # a later fold may take so much longer than the ones timed


def plan_of(recipe: Recipe, like: Plan) -> Plan:
    """The plan of a recipe on the data and folds of another. Raises BadInput where its parts do not fit together."""
    work, loaded = like.work, like.loaded
    if not recipe.kept:
        raise BadInput("members: every member is left out")
    members = {name: resolve(recipe, name, work.train, work.target) for name in recipe.kept}
    members, begun = with_starts(members, work.train, work.folds, work.target)
    check_pool(recipe.predict.pool, work.target, work.train, loaded.test)
    listed = list(members.values())
    notes = [*loaded.notes, *unreached(recipe, listed), *begun, *saw_unlabelled(listed)]
    chain = chain_of(recipe, list(members), work.target)
    loaded, pools = pools_of(recipe, loaded, like.base)
    work = replace(work, members=members, pools=pools)
    return replace(like, recipe=recipe, loaded=loaded, work=work, chain=chain, notes=notes)


@dataclass
class Shelf:
    """Finished folds by their job's hash, and what training them cost here."""

    folders: dict[str, Path] = field(default_factory=dict)
    seconds: float = 0.0
    trained: list[str] = field(default_factory=list)  # "variant: job" in this call
    reused: list[str] = field(default_factory=list)

    def take_in(self, run: Run, own: bool) -> None:
        """What a run has finished; `own`: its time is this ablation's, where it was trained there."""
        for file in sorted(run.path.glob("members/*/fold-*/done.json")):
            self.put(file.parent, own)

    def put(self, folder: Path, own: bool = True) -> None:
        facts = _facts(folder / "done.json")
        self.folders.setdefault(facts["hash"], folder)
        self.seconds += facts["seconds"] if own and "from" not in facts else 0.0


@dataclass
class Side:
    """The base or a variant: its plan, its run folder, and how far it is."""

    name: str
    plan: Plan
    run: Run
    said: dict[int, np.ndarray] = field(default_factory=dict)  # by folds done
    marks: dict[Job, str] = field(default_factory=dict)  # hashes; making one reads all folds
    there: set[Job] = field(default_factory=set)  # finished, as far as has been seen

    @classmethod
    def begin(cls, name: str, plan: Plan, path: Path, base: Path) -> Side:
        """Open its run folder, or find the one that it began."""
        return cls(name, plan, open_run(path, plan.recipe, plan.work, plan.loaded, base))

    @property
    def places(self) -> list[tuple[int, int]]:
        """Repeat and fold, in the order in which they are trained."""
        folds = self.plan.work.folds
        return [(r, k) for r in range(folds.repeats) for k in range(folds.k)]

    def jobs(self, place: tuple[int, int]) -> list[Job]:
        return [Job(member, *place) for member in self.plan.work.members]

    def mark(self, job: Job) -> str:
        if job not in self.marks:
            self.marks[job] = self.plan.work.hash(job)
        return self.marks[job]

    def finished(self, job: Job) -> bool:
        if job not in self.there:
            facts = self.run.done(job.member, job.repeat, job.fold)
            if facts is None or facts["hash"] != self.mark(job):
                return False
            self.there.add(job)
        return True

    @property
    def folds_done(self) -> int:
        """How many folds, from the first on, have all members finished."""
        for n, place in enumerate(self.places):
            if not all(self.finished(job) for job in self.jobs(place)):
                return n
        return len(self.places)

    def fetch(self, job: Job, shelf: Shelf) -> bool:
        """Take over a fold that an equal job has finished elsewhere."""
        source = shelf.folders.get(self.mark(job))
        if source is None or not source.is_dir():
            return False
        folder = self.run.fold_folder(job.member, job.repeat, job.fold)
        folder.mkdir(parents=True, exist_ok=True)
        for file in source.iterdir():
            if file.is_file() and file.name != "done.json":
                _link(file, folder / file.name)
        write_json(
            folder / "done.json", {**_facts(source / "done.json"), "from": os.path.relpath(source, folder)}
        )
        shelf.reused.append(f"{self.name}: {job}")
        return True

    def trained(self, job: Job, shelf: Shelf, report: Report) -> None:
        """Note and tell that a fold has been trained."""
        shelf.put(self.run.fold_folder(job.member, job.repeat, job.fold))
        shelf.trained.append(f"{self.name}: {job}")
        mine = [Job(job.member, *place) for place in self.places]
        raw = gather(self.plan.work, self.run, [one for one in mine if self.finished(one)])
        score = score_so_far(self.plan.work, self.plan.metric, raw).plain()
        done = {"event": "done", "job": f"{self.name}: {job}", "member": job.member}
        report({**done, "metric": self.plan.metric.key, **score})

    def cost(self, job: Job) -> float | None:
        """Seconds that the member's other folds took, in the mean; None where none is finished."""
        done = [self.run.done(job.member, *place) for place in self.places]
        took = [facts["seconds"] for facts in done if facts is not None]
        return float(np.mean(took)) if took else None

    def predictions(self, folds: int) -> np.ndarray:
        """The ensemble's, `(repeats, n, …)`, by its first so many folds alone; NaN elsewhere.

        What the ensemble and calibration learn is cross-fitted on these folds. A repeat with one of them is left out.
        """
        if folds not in self.said:
            self.said[folds] = self._predictions(self.places[:folds])
        return self.said[folds]

    def _predictions(self, places: list[tuple[int, int]]) -> np.ndarray:
        work, truth = self.plan.work, truth_of(self.plan.work)
        raw = {name: gather(work, self.run, [Job(name, *place) for place in places]) for name in work.members}
        out: np.ndarray | None = None
        for r in range(work.folds.repeats):
            used = [k for repeat, k in places if repeat == r]
            rows = np.isin(work.folds.fold[r], used)
            if len(used) < 2:
                continue
            members = {name: one[r, rows] for name, one in raw.items()}
            made = cross_fitted(self.plan.chain, members, truth[rows], work.folds.fold[r, rows])[ENSEMBLE]
            if out is None:
                out = np.full((work.folds.repeats, len(work.train), *made.shape[1:]), np.nan)
            out[r, rows] = made
        assert out is not None
        return out

    def finish(self) -> None:
        """Score a run whose folds are all there, as `train` does."""
        if not self.run.finished and self.folds_done == len(self.places):
            _finish(self.plan, self.run, lambda event: None)


class Clock:
    """A budget of seconds, of which earlier calls have used some."""

    def __init__(self, seconds: float | None, spent: float, started: float):
        self.ends = None if seconds is None else started + seconds * (1 - RESERVE) - spent

    def fits(self, cost: float | None) -> bool:
        return self.ends is None or time.monotonic() + MARGIN * (cost or 0.0) < self.ends


def count(sides: Iterable[Side], shelf: Shelf) -> tuple[int, int]:
    """How many different jobs there are, and how many of them are finished somewhere."""
    marks = {side.mark(job) for side in sides for place in side.places for job in side.jobs(place)}
    return len(marks), len(marks & set(shelf.folders))


def _facts(file: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return facts


def _link(source: Path, target: Path) -> None:
    """The same file under another name; a copy where the file system cannot do that. Files are never changed in place."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
