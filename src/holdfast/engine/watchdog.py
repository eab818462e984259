"""Telling a worker that hangs from one that computes: it tells nothing, and uses practically no processor time.

A worker that computes is never ended, however long it takes: nobody knows how long a job may be.
"""

from __future__ import annotations

import faulthandler
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

from holdfast.engine.budget import seconds_of
from holdfast.errors import BadInput
from holdfast.recipe.schema import BUDGET

LIMIT = "10m"  # a worker that waits so long for a disk or a lock is not coming back
LOOKS = 20  # at a worker within its limit
BUSY = 0.01  # of a processor: one that computes uses all of it, one that hangs none, but for a thread that looks around
SIGNAL = signal.SIGUSR1
WRITING = 5.0  # seconds that a stack may take to be written


def limit_of(watchdog: str) -> float:
    """Seconds of a limit as the command line says it. Raises BadInput."""
    if not re.fullmatch(BUDGET, watchdog) or seconds_of(watchdog) <= 0:
        raise BadInput(f"--watchdog: expected a time, as 90s, 10m or 2h, got {watchdog!r}")
    return seconds_of(watchdog)


class Watch:
    """Looks at a process whose id is `pid`; `limit`: seconds of silence and rest after which it hangs."""

    def __init__(self, pid: int, limit: float):
        self.pid, self.limit = pid, limit
        self.heard()

    def heard(self) -> None:
        """It has told something, or begins something new."""
        self.quiet, self.seen, self.used = 0.0, time.monotonic(), processor_seconds(self.pid)

    def hung(self) -> bool:
        """Look again. Time in which nobody looked, as while the whole run was suspended, does not count."""
        step = self.limit / LOOKS
        since, self.seen = time.monotonic() - self.seen, time.monotonic()
        self.quiet += min(since, 2 * step)
        if self.quiet >= step and processor_seconds(self.pid) - self.used > BUSY * self.limit:
            self.heard()
        return self.quiet >= self.limit


def processor_seconds(pid: int) -> float:
    """Processor time of a process and its children, living and ended; 0 where it is gone."""
    import psutil

    used = 0.0
    try:
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            times = process.cpu_times()
            used += times.user + times.system
            used += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    except psutil.Error:
        pass
    return used


def show_stack_when_asked(file: Path) -> None:
    """In a worker: from now on the signal writes the stacks of all threads there, though one may hold the GIL."""
    faulthandler.register(SIGNAL, file.open("w"), all_threads=True)


def stack_of(pid: int, file: Path) -> str:
    """The stacks of a worker's threads, the latest call first; the signal ends one that is not prepared for it."""
    import psutil

    try:
        psutil.Process(pid).send_signal(SIGNAL)
    except psutil.Error:
        return ""
    ends, before, now = time.monotonic() + WRITING, "", ""
    while time.monotonic() < ends and (not now or now != before):
        time.sleep(0.1)
        before, now = now, file.read_text(errors="replace") if file.is_file() else ""
    return now.strip()


def end_with_children(pid: int) -> None:
    """End a process and all that it started, without asking."""
    import psutil

    try:
        first = psutil.Process(pid)
        started = first.children(recursive=True)
        first.kill()
    except psutil.Error:
        return
    for process in started:
        with suppress(psutil.NoSuchProcess):
            process.kill()
