"""Jobs in worker processes, each with its share of threads.

A worker that hangs, or dies, costs its own job alone, and that goes once more, from its last checkpoint.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from holdfast.engine.job import Job, Report, is_done
from holdfast.engine.over import Over, Several, Works
from holdfast.engine.watchdog import LIMIT, LOOKS, limit_of
from holdfast.engine.worker import Ended, Needed, Worker
from holdfast.errors import JobFailed


class Processes(Several):
    """`jobs` at a time. `components`: the user's own component files, imported in each worker first.

    `watchdog`: how long, as 10m, a worker may tell nothing and use no processor time before it is ended.
    """

    def __init__(self, jobs: int, components: Sequence[Path] = (), watchdog: str = LIMIT):
        self.jobs, self.components, self.limit = jobs, list(components), limit_of(watchdog)

    def over(self, works: Works, jobs: Iterable[tuple[str, Job]], report: Report) -> Over:
        (threads,) = {work.threads for work, _ in works.values()}
        waiting, held = iter(jobs), list[tuple[str, Job]]()

        def free(key: str, job: Job) -> bool:
            to_come = {*held, *(slot.job for slot in slots)}
            return to_come.isdisjoint((key, one) for one in works[key][0].needs(job))

        def fill() -> None:
            for slot in slots:
                while slot.job is None:
                    ready = next((one for one in held if free(*one)), None) or next(waiting, None)
                    if ready is None:
                        return
                    if ready in held:
                        held.remove(ready)
                    elif not free(*ready):
                        held.append(ready)
                        continue
                    slot.begin(*ready)

        with TemporaryDirectory(prefix="holdfast-") as folder:
            needed = Needed(self.components, pickle.dumps(dict(works)), threads, Path(folder), self.limit)
            slots = [Slot(works, needed, report) for _ in range(self.jobs)]
            try:
                fill()
                while busy := [slot for slot in slots if slot.job is not None]:
                    wait([one for slot in busy for one in slot.signs], timeout=self.limit / LOOKS)
                    for slot in busy:
                        if (ended := slot.look()) is not None:
                            key, job = slot.free()
                            fill()
                            yield key, job, ended.error
            finally:
                for slot in slots:
                    slot.close()


class Slot:
    """Room for one job at a time, and its worker, which starts with the first job and is replaced when it is lost."""

    def __init__(self, works: Works, needed: Needed, report: Report):
        self.works, self.needed, self.report = works, needed, report
        self.job: tuple[str, Job] | None = None
        self.worker: Worker | None = None
        self.lost = 0  # workers, by this job

    @property
    def name(self) -> str:
        assert self.job is not None
        key, job = self.job
        return f"{key}: {job}" if key else str(job)

    @property
    def signs(self) -> list[Any]:
        """What to wait for: a word of the worker, or its end."""
        assert self.worker is not None
        return [self.worker.pipe, self.worker.process.sentinel]

    def begin(self, key: str, job: Job) -> None:
        self.job, self.lost = (key, job), 0
        self._go()

    def _go(self) -> None:
        assert self.job is not None
        if self.worker is None or not self.worker.alive:
            self.worker = Worker(self.needed)
        self.worker.give(*self.job)

    def free(self) -> tuple[str, Job]:
        assert self.job is not None
        job, self.job = self.job, None
        return job

    def look(self) -> Ended | None:
        """Hear what the worker tells, and see to it that it lives and works; what comes of the job, once it is over."""
        assert self.worker is not None
        alive = self.worker.alive  # before its last words are read
        for told in self.worker.said():
            if isinstance(told, Ended):
                return told
            self.report(told)
        if alive and not self.worker.watch.hung():
            return None
        return self._again(self._why_it_is_lost(alive))

    def _why_it_is_lost(self, alive: bool) -> str:
        assert self.worker is not None
        if not alive:
            return self.worker.died()
        stack, limit = self.worker.where_it_hangs(), self.needed.limit
        self.worker.end()
        return f"it hung: no word and no processor time for {limit:g} s; its stacks, the latest call first:\n{stack}"

    def _again(self, why: str) -> Ended | None:
        """The job goes once more, to a new worker; not, where the old one had written all of it."""
        assert self.job is not None
        key, job = self.job
        work, run = self.works[key]
        if is_done(work, job, run):
            return Ended()
        self.lost += 1
        if self.lost > 1:
            return Ended(
                JobFailed(
                    f"{self.name}: lost for the second time: {why}\nFinished folds are kept: the same command again"
                    " goes on with the others. Where memory is short take fewer --jobs; where a job must wait for"
                    " long, a longer --watchdog"
                )
            )
        self.report({"event": "lost", "job": self.name, "why": why})
        self._go()
        return None

    def close(self) -> None:
        if self.worker is not None:
            self.worker.dismiss() if self.job is None else self.worker.end()
