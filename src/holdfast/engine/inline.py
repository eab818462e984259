"""Jobs one after another in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from holdfast.engine.job import Job, Report, Work, run_job
from holdfast.store.run import RunFolder


class Inline:
    jobs = 1  # at a time

    def run(self, work: Work, jobs: Sequence[Job], run: RunFolder, report: Report) -> Iterator[Job]:
        """Yield each job as it ends."""
        for job in jobs:
            one(work, job, run, report, str(job))
            yield job

    def over(
        self, works: Mapping[str, tuple[Work, RunFolder]], jobs: Iterable[tuple[str, Job]], report: Report
    ) -> Iterator[tuple[str, Job, Exception | None]]:
        """Jobs of several works, each named by its work's key: yield what ends, and what it raised."""
        for key, job in jobs:
            work, run = works[key]
            try:
                one(work, job, run, report, f"{key}: {job}")
            except Exception as error:
                yield key, job, error
            else:
                yield key, job, None


def one(work: Work, job: Job, run: RunFolder, report: Report, name: str) -> None:
    """One job, whose events carry its `name`."""

    def tell(event: dict[str, Any]) -> None:
        report({"job": name, **event})

    tell({"event": "start"})
    run_job(work, job, run, tell)
