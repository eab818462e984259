"""A worker process: how the parent starts it, hears it and ends it, and what it does."""

from __future__ import annotations

import pickle
import signal
import threading
import traceback
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from holdfast.collector import seldom
from holdfast.engine.inline import one
from holdfast.engine.job import Job
from holdfast.engine.threads import thread_variables
from holdfast.engine.watchdog import Watch, end_with_children, show_stack_when_asked, stack_of
from holdfast.fit.orphan import end_with_parent

GOODBYE = 5.0  # seconds that a worker without a job may take to end


@dataclass(frozen=True)
class Ended:
    """A job is over; `error`: what it raised."""

    error: Exception | None = None


@dataclass(frozen=True)
class Needed:
    """What a worker needs: files of the user's components, the pickled works by their keys, threads, and a folder."""

    components: list[Path]
    works: bytes
    threads: int
    folder: Path
    limit: float  # seconds


class Worker:
    """A process that does one job after another.

    Its pipe is its own: one that dies in the middle of a word holds up no other.
    """

    def __init__(self, needed: Needed):
        context = get_context("spawn")  # a forked process would inherit locked thread pools
        self.stack = needed.folder / f"{uuid.uuid4().hex}.txt"
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work_off, args=(theirs, needed, self.stack))
        with thread_variables(needed.threads):
            self.process.start()
        theirs.close()
        assert self.process.pid is not None
        self.pid = self.process.pid
        self.watch = Watch(self.pid, needed.limit)

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def give(self, key: str, job: Job) -> None:
        self.watch.heard()
        with suppress(OSError):  # it is dead, as the next look will tell
            self.pipe.send((key, job))

    def said(self) -> Iterator[Any]:
        """What it has told since, events and `Ended`, without waiting."""
        try:
            while self.pipe.poll():
                told = self.pipe.recv()
                self.watch.heard()
                yield told
        except (EOFError, OSError):
            return

    def died(self) -> str:
        """How it ended."""
        self.process.join()
        code = self.process.exitcode or 0
        if code == -signal.SIGKILL:
            return "its worker process was killed, most likely for too little memory"
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"its worker process died {how}"

    def end(self) -> None:
        """End it now; its fold resumes at its last checkpoint."""
        end_with_children(self.pid)
        self.process.join()
        self.pipe.close()

    def dismiss(self) -> None:
        """Let it end, since there is nothing more to do."""
        self.pipe.close()
        self.process.join(GOODBYE)
        self.end()

    def where_it_hangs(self) -> str:
        return stack_of(self.pid, self.stack) or "(it showed no stack)"


@seldom()
def _work_off(pipe: Connection, needed: Needed, stack: Path) -> None:
    from holdfast.recipe.registry import load_user_components

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the parent ends the others
    show_stack_when_asked(stack)
    threading.Thread(target=end_with_parent, daemon=True).start()
    load_user_components(needed.components)
    works = pickle.loads(needed.works)
    while (asked := _next(pipe)) is not None:
        key, job = asked
        work, run = works[key]
        try:
            one(work, job, run, pipe.send, f"{key}: {job}" if key else str(job))
        except Exception as error:
            pipe.send(Ended(portable(error)))
        else:
            pipe.send(Ended())


def _next(pipe: Connection) -> tuple[str, Job] | None:
    try:
        asked: tuple[str, Job] = pipe.recv()
    except EOFError:
        return None
    return asked


def portable(error: Exception) -> Exception:
    """An error that can be pickled, with the place where it was raised."""
    error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)).rstrip())
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever an error of other people's does there
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
