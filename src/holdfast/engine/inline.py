"""Jobs one after another in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from holdfast.engine.job import Job, Report, Work, run_job
from holdfast.store.run import Run


class Inline:
    def run(self, work: Work, jobs: Sequence[Job], run: Run, report: Report) -> Iterator[Job]:
        """Yield each job as it ends."""
        for job in jobs:
            yield _one(work, job, run, report)


def _one(work: Work, job: Job, run: Run, report: Report) -> Job:
    def tell(event: dict[str, Any]) -> None:
        report({"job": str(job), **event})

    tell({"event": "start"})
    run_job(work, job, run, tell)
    return job
