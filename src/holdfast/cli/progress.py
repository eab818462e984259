"""What a `train` shows while it works: bars on a terminal, plain lines elsewhere.

Both read the events of `holdfast.train` and of the loop: flow, run, note, finding, folds, start, pretrain, epoch,
lost, done.
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

Event = dict[str, Any]
QUIET = 30.0  # seconds between two lines of epochs, so that a log stays readable
LONGEST = 24 * 3600.0  # seconds over which rich measures the pace; a fold may take an hour


class Progress:
    """`with Progress() as progress: train(recipe, report=progress)`."""

    def __init__(self, terminal: bool | None = None):
        on_terminal = sys.stdout.isatty() if terminal is None else terminal
        self.shown: Lines = Bars() if on_terminal else Lines()
        self.lock = threading.Lock()  # the events of worker processes come through a thread of their own

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shown.end()

    def __call__(self, event: Event) -> None:
        show = getattr(self.shown, f"on_{event['event']}", None)
        if show is not None:
            with self.lock:
                show(event)


class Lines:
    """One line an event."""

    def __init__(self) -> None:
        self.jobs = self.finished = self.before = 0
        self.started = self.spoke = time.monotonic()

    def say(self, text: str) -> None:
        print(text, flush=True)

    def end(self) -> None: ...

    def on_flow(self, event: Event) -> None:
        if event["done"] == event["samples"] or time.monotonic() - self.spoke > QUIET:
            self.spoke = time.monotonic()
            self.say(flow(event))

    def on_run(self, event: Event) -> None:
        self.jobs, self.finished, self.before = event["jobs"], event["finished"], event["finished"]
        self.started = time.monotonic()
        done = f", {self.finished} finished before" if self.finished else ""
        several = f", {event['at_a_time']} at a time" if event["at_a_time"] > 1 else ""
        self.say(f"{event['run']}: {self.jobs} jobs (members x folds){several}{done}")

    def on_note(self, event: Event) -> None:
        self.say(f"note: {event['note']}")

    def on_finding(self, event: Event) -> None:
        self.say(finding(event))

    def on_folds(self, event: Event) -> None:
        self.say(f"{event['unit']} in each class and fold:\n{event['counts']}")

    def on_start(self, event: Event) -> None: ...

    def on_pretrain(self, event: Event) -> None:
        if time.monotonic() - self.spoke > QUIET:
            self.spoke = time.monotonic()
            self.say(f"{event['job']}: pretraining, {pretraining(event)}")

    def on_epoch(self, event: Event) -> None:
        if time.monotonic() - self.spoke > QUIET:
            self.spoke = time.monotonic()
            self.say(f"{event['job']}: epoch {event['epoch'] + 1} of {event['epochs']}, {losses(event)}")

    def on_lost(self, event: Event) -> None:
        self.say(f"{event['job']}: {event['why']}\n{event['job']} goes again, from its last checkpoint")

    def on_left_out(self, event: Event) -> None:
        self.jobs -= event["jobs"]

    def on_done(self, event: Event) -> None:
        self.finished += 1
        self.spoke = time.monotonic()
        left = (self.spoke - self.started) / (self.finished - self.before) * (self.jobs - self.finished)
        rest = f"; about {clock(left)} left" if self.finished < self.jobs else ""
        self.say(f"[{self.finished}/{self.jobs}] {event['job']} done; {so_far(event)}{rest}")


class Bars(Lines):
    """A bar for all jobs with the time left, and one for each fold in work with its epochs."""

    def __init__(self) -> None:
        super().__init__()
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self.bars = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), speed_estimate_period=LONGEST,
        )  # fmt: skip
        self.all: Any = None
        self.flowing: Any = None
        self.current: dict[str, Any] = {}
        self.shares: dict[str, float] = {}  # of jobs in work, how much of each is done

    def say(self, text: str) -> None:
        self.bars.console.print(text, markup=False, highlight=False)

    def end(self) -> None:
        self.bars.stop()

    def on_flow(self, event: Event) -> None:
        self.bars.start()
        if self.flowing is None:
            self.flowing = self.bars.add_task("optical flow", total=None, count="")
        self.bars.update(
            self.flowing,
            total=event["samples"],
            completed=event["done"],
            count=f"{event['done']}/{event['samples']}",
        )
        if event["done"] == event["samples"]:
            self.bars.remove_task(self.flowing)
            self.flowing = None

    def on_run(self, event: Event) -> None:
        super().on_run(event)
        self.bars.start()
        self.all = self.bars.add_task("jobs", total=self.jobs, completed=self.finished, count="")
        self._advance()

    def on_start(self, event: Event) -> None:
        job = event["job"]
        self.current[job] = self.bars.add_task(job, total=None, count="")

    def on_pretrain(self, event: Event) -> None:
        task, done = self.current[event["job"]], event["epoch"] + 1
        self.bars.update(task, total=event["epochs"], completed=done, count=f"pretrain {pretraining(event)}")

    def on_epoch(self, event: Event) -> None:
        job, done = event["job"], event["epoch"] + 1
        self.shares[job] = done / event["epochs"]
        count = f"epoch {done}/{event['epochs']} {losses(event)}"
        self.bars.update(self.current[job], total=event["epochs"], completed=done, count=count)
        self._advance()

    def on_lost(self, event: Event) -> None:
        super().on_lost(event)
        task = self.current.pop(event["job"], None)
        if task is not None:
            self.bars.remove_task(task)

    def on_left_out(self, event: Event) -> None:
        super().on_left_out(event)
        for task in self.current.values():  # the trial, stopped
            self.bars.remove_task(task)
        self.current.clear()
        self.shares.clear()
        self.bars.update(self.all, total=self.jobs)
        self._advance()

    def on_done(self, event: Event) -> None:
        self.finished += 1
        self.shares.pop(event["job"], None)
        task = self.current.pop(event["job"], None)
        if task is not None:
            self.bars.remove_task(task)
        self.say(f"{event['job']} done; {so_far(event)}")
        self._advance()

    def _advance(self) -> None:
        done = self.finished + sum(self.shares.values())
        self.bars.update(self.all, completed=done, count=f"{self.finished}/{self.jobs}")


def finding(event: Event) -> str:
    return f"check: {event['code']} {event['severity']}: {event['said']}"


def flow(event: Event) -> str:
    return f"optical flow: {event['done']} of {event['samples']} samples"


def pretraining(event: Event) -> str:
    return f"epoch {event['epoch'] + 1} of {event['epochs']}, loss {event['train_loss']:.4f}"


def losses(event: Event) -> str:
    """Training loss, and that of the inner split where one is watched."""
    watched = event["watch_loss"]
    inner = "" if watched != watched else f", inner {watched:.4f}"
    return f"loss {event['train_loss']:.4f}{inner}"


def so_far(event: Event) -> str:
    if "value" not in event:  # a refit holds nothing out
        return "on all rows"
    return f"{event['metric']} so far {event['value']:.4f} [{event['low']:.4f}, {event['high']:.4f}]"


def clock(seconds: float) -> str:
    """Minutes and seconds.

    >>> clock(75), clock(3700)
    ('1:15', '1:01:40')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
