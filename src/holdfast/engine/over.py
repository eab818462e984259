"""What engines that run several jobs at a time have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence

from holdfast.engine.job import Job, Report, Work
from holdfast.store.run import RunFolder

Works = Mapping[str, tuple[Work, RunFolder]]  # by keys, with the folders that they write into
Over = Iterator[tuple[str, Job, Exception | None]]


class Several(ABC):
    """An engine of several jobs at a time."""

    @abstractmethod
    def over(self, works: Works, jobs: Iterable[tuple[str, Job]], report: Report) -> Over:
        """Jobs of several works with equal threads, each named by its work's key: yield what ends, and what it raised.

        A job is drawn from `jobs` when there is room for it; one that needs others, drawn before, waits for them.
        """

    def run(self, work: Work, jobs: Sequence[Job], run: RunFolder, report: Report) -> Iterator[Job]:
        """Yield each job as it ends; the events of all reach `report` in this process."""
        for _, job, error in self.over({"": (work, run)}, (("", job) for job in jobs), report):
            if error is not None:
                raise error
            yield job
