"""How far a run is, read from the end of its `events.jsonl` as it grows."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from typing import Any

from holdfast.store.ledger.facts import in_work
from holdfast.store.run import REFIT, Run

FINISHED, IN_WORK, STOPPED, REFITTED = "finished", "in work", "stopped", "refit"
MOST = 8 << 20  # bytes read at once


@dataclass
class Job:
    """One fold of a member: its epochs so far. A job without epochs is an estimator's."""

    name: str
    epochs: int = 0
    losses: dict[int, tuple[float, float]] = field(
        default_factory=dict
    )  # epoch: of training, of the inner split
    seconds: dict[int, float] = field(default_factory=dict)
    ended: bool = False

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        if self.ended or not self.epochs:
            return float(self.ended)
        return min(1.0, (max(self.losses, default=-1) + 1) / self.epochs)

    @property
    def epoch(self) -> int:
        return max(self.losses, default=-1) + 1


class Watched:
    """A run folder, looked at again and again: `look()` reads what was written since."""

    def __init__(self, run: Run):
        self.run, self.offset = run, 0
        self.jobs: dict[str, Job] = {}
        self.total = self.before = self.at_a_time = 0
        self.so_far: dict[str, dict[str, Any]] = {}  # the last score of each member
        self.notes: list[str] = []

    def look(self) -> bool:
        """Read whole new lines; says whether there were any."""
        file = self.run.path / "events.jsonl"
        if not file.is_file() or file.stat().st_size == self.offset:
            return False
        with file.open("rb") as held:
            if file.stat().st_size < self.offset:  # begun anew
                self.__init__(self.run)  # type: ignore[misc]
            held.seek(self.offset)
            text = held.read(MOST)
        whole = text[: text.rfind(b"\n") + 1]  # a line may be half written
        self.offset += len(whole)
        for line in whole.splitlines():
            self._take(line)
        return bool(whole)

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            take = getattr(self, f"_on_{event['event']}", None)
            if take is not None:
                take(event)
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # a line that a kill cut in two, or none of ours

    def _on_run(self, event: dict[str, Any]) -> None:
        self.total, self.before, self.at_a_time = (
            int(event[key]) for key in ("jobs", "finished", "at_a_time")
        )
        self.jobs = {
            name: job for name, job in self.jobs.items() if job.ended
        }  # folds that go on say so again

    def _on_note(self, event: dict[str, Any]) -> None:
        if event["note"] not in self.notes:
            self.notes.append(str(event["note"]))

    def _on_start(self, event: dict[str, Any]) -> None:
        self.jobs[event["job"]] = Job(str(event["job"]))

    def _on_epoch(self, event: dict[str, Any]) -> None:
        job = self.jobs.setdefault(event["job"], Job(str(event["job"])))
        epoch, job.epochs = int(event["epoch"]), int(event["epochs"])
        job.losses[epoch] = (float(event["train_loss"]), float(event["watch_loss"]))
        job.seconds[epoch] = float(event["seconds"])

    def _on_left_out(self, event: dict[str, Any]) -> None:
        self.total -= int(event["jobs"])
        self.jobs = {name: job for name, job in self.jobs.items() if job.ended}

    def _on_done(self, event: dict[str, Any]) -> None:
        self.jobs.setdefault(event["job"], Job(str(event["job"]))).ended = True
        if "value" in event:
            self.so_far[str(event["member"])] = event

    @property
    def working(self) -> list[Job]:
        return [job for job in self.jobs.values() if not job.ended]

    @property
    def ended(self) -> int:
        """Jobs that are done, those of an earlier session too."""
        return max(self.before, sum(job.ended for job in self.jobs.values()))

    @property
    def done(self) -> float:
        """Jobs done, with the shares of those in work."""
        return self.ended + sum(job.share for job in self.working)

    def left(self, now: float | None = None) -> float | None:
        """Seconds that the rest will take at the pace of this session; None before anything can be said."""
        began = self.began
        made = self.done - self.before
        if began is None or made <= 0 or not self.total:
            return None
        return max(0.0, ((now or time.time()) - began) / made * (self.total - self.done))

    @property
    def began(self) -> float | None:
        """When this session began: it opened the lock then."""
        lock = self.run.path / ".lock"
        return lock.stat().st_mtime if lock.is_file() else None

    def losses(self) -> dict[str, list[tuple[str, list[tuple[int, float, float]]]]]:
        """Of each member with epochs, its folds' curves: epoch, loss of training, loss of the inner split or NaN."""
        found: dict[str, list[tuple[str, list[tuple[int, float, float]]]]] = {}
        for job in self.jobs.values():
            if job.losses:
                member, _, fold = job.name.partition(" fold ")
                points = [
                    (epoch, *both) for epoch, both in sorted(job.losses.items()) if math.isfinite(both[0])
                ]
                found.setdefault(member, []).append((fold, points))
        return found


def state_of(run: Run) -> str:
    """Whether a run is finished, in work, or was stopped: a lock ends with its process, however that ends."""
    if (run.path / REFIT).is_file():
        return REFITTED
    if run.finished:
        return FINISHED
    return IN_WORK if in_work(run.path) else STOPPED
