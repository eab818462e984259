"""A job: one member on one fold. A pure function of what its hash names."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any

from holdfast.data.dataset import Dataset
from holdfast.data.joined import joined
from holdfast.data.slices import pieces
from holdfast.data.unlabelled import Unlabelled
from holdfast.engine.energy import Meter
from holdfast.engine.threads import limited
from holdfast.fit.doubted import facts_in, treated
from holdfast.fit.member import Fitted, fit_member
from holdfast.fit.part import of_part
from holdfast.fit.resolved import MemberSpec
from holdfast.fit.student import Student
from holdfast.folds.table import Folds
from holdfast.keys import seed_of
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_array, write_json, write_rows
from holdfast.store.hashes import hash_value
from holdfast.store.run import FORMAT, RunFolder

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """Member, repeat and fold."""

    member: str
    repeat: int
    fold: int

    def __str__(self) -> str:
        return f"{self.member} fold {self.fold}" + (f" repeat {self.repeat}" if self.repeat else "")


@dataclass(frozen=True)
class Work:
    """All that jobs need."""

    members: dict[str, MemberSpec]
    train: Dataset
    test: Dataset | None
    target: TargetSpec
    folds: Folds
    seed: int
    threads: int
    data_mark: str  # hash of the inputs, ids, targets, groups
    code_mark: str = ""  # hash of the user's own components
    pools: dict[str, Unlabelled] = field(default_factory=dict)  # of members that learn from pseudo-labels

    def jobs(self) -> list[Job]:
        """Every job, members in the recipe's order, but each after its teachers."""
        return [
            Job(member, repeat, fold)
            for member in self.members
            for repeat in range(self.folds.repeats)
            for fold in range(self.folds.k)
        ]

    def needs(self, job: Job) -> list[Job]:
        """The jobs that must be finished before: those of a student's teachers, on the same fold."""
        pseudo = self.members[job.member].pseudo
        return [] if pseudo is None else [replace(job, member=teacher) for teacher in pseudo.teachers]

    def hash(self, job: Job) -> str:
        spec = self.members[job.member].plain()
        where = [self.data_mark, self.folds.hash, job.repeat, job.fold]
        taught = []
        if job.member in self.pools:
            taught = [self.pools[job.member].mark, *(self.hash(one) for one in self.needs(job))]
        return hash_value([FORMAT, spec, where, self.seed, self.threads, self.code_mark, *taught])

    def fit(self, job: Job, report: Report, **where: Any) -> Fitted:
        """Fit the job's member on its training part."""
        return fit_job(self, job, report, **where)


def is_done(work: Work, job: Job, run: RunFolder) -> bool:
    """Whether a run folder holds what an equal job has made."""
    facts = run.done(job.member, job.repeat, job.fold)
    return facts is not None and facts["hash"] == work.hash(job)


def fit_job(work: Work, job: Job, report: Report, more: Dataset | None = None, **where: Any) -> Fitted:
    """Fit the job's member on its training part, with `more` samples that have pseudo-labels."""
    rows, held_out = work.folds.part(job.repeat, job.fold)
    seed = seed_of(work.seed, job.member, job.repeat, job.fold)
    member = work.members[job.member]
    train = work.train.take(rows).taught()
    if member.labels is not None:
        kept = where.get("folder"), where.get("mark", "")
        train = treated(member, train, work.target, seed, work.threads, *kept)
    if more is not None and len(more):
        train = joined(train, more)
    if member.start is not None:
        where["start"] = member.start.files[job.repeat, job.fold]
    if member.transductive:
        seen = [work.train.take(held_out), *([] if work.test is None else [work.test])]
        where["unlabelled"] = [replace(one, target=None, teach=None) for one in seen if len(one)]
    return fit_member(member, train, work.target, seed, work.threads, report, **where)


def _fit_student(
    work: Work, job: Job, run: RunFolder, report: Report, mark: str
) -> tuple[Fitted, dict[str, Any]]:
    """Fit a member that learns from pseudo-labels too, and what there is to tell of these."""
    asked, rows = work.members[job.member].pseudo, work.folds.part(job.repeat, job.fold)[0]
    y = work.train.take(rows).taught().target
    assert asked is not None
    assert y is not None
    teachers = [run.fold_folder(one.member, one.repeat, one.fold) for one in work.needs(job)]

    whole = run.fold_folder(job.member, job.repeat, job.fold)

    def fit(more: Dataset | None, folder: Path) -> Fitted:
        tell = report if folder == whole else of_part(report, folder.name)
        return work.fit(job, tell, more=more, folder=folder, mark=mark)

    student = Student(asked, work.pools[job.member], teachers, y, work.target)
    return student.fit(fit, whole, mark)


def write_forecasts(path: Path, fitted: Fitted, data: Dataset, target: TargetSpec) -> None:
    """What a fitted member predicts, as a file; grids some samples at a time."""
    if target.kind != "grid":
        write_array(path, fitted.predict(data))
        return
    parts = pieces(len(data), 4 * prod(target.shape))
    write_rows(path, (len(data), *target.shape), (fitted.predict(data.take(rows)) for rows in parts))


def run_job(work: Work, job: Job, run: RunFolder, report: Report) -> None:
    """Fit, predict, write; `done.json` last. A fold begun by an equal job resumes at its last epoch."""
    folder = run.fold_folder(job.member, job.repeat, job.fold)
    folder.mkdir(parents=True, exist_ok=True)
    mark = work.hash(job)
    started, meter = time.monotonic(), Meter()
    facts: dict[str, Any] = {}
    with limited(work.threads):
        if work.members[job.member].pseudo is None:
            fitted = work.fit(job, report, folder=folder, mark=mark)
        else:
            fitted, facts["pseudo"] = _fit_student(work, job, run, report, mark)
        _, rows = work.folds.part(job.repeat, job.fold)
        if len(rows):  # a refit holds none out
            write_forecasts(folder / "oof.npy", fitted, work.train.take(rows), work.target)
        if work.test is not None:
            write_forecasts(folder / "test.npy", fitted, work.test, work.target)
        fitted.save(folder)
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if work.members[job.member].labels is not None:
        facts["labels"] = facts_in(folder)
    facts = {**fitted.facts, **facts}
    used = {"seconds": round(seconds, 3), "joules": meter.joules(), "peak_bytes": peak}
    state = {**used, "threads": work.threads, "facts": facts}
    write_json(folder / "state.json", state)
    run.mark_done(job.member, job.repeat, job.fold, {"hash": mark, "seconds": round(seconds, 3)})
