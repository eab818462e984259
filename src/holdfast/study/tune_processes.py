"""Several processes on one study, each with trials of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from holdfast.engine.watchdog import LOOKS, Watch, end_with_children, show_stack_when_asked, stack_of
from holdfast.errors import BadInput, JobFailed
from holdfast.fit.orphan import end_with_parent

if TYPE_CHECKING:
    from holdfast.study.tune import Task

Report = Callable[[dict[str, Any]], None]
NEEDED = (
    "holdfast.study.tune",
    "holdfast.fit.estimator",
    "scipy.linalg",
    "sklearn.metrics",
    "pyarrow.parquet",
)
DIED = "a worker process died, most likely of too little memory; use fewer --jobs"


def side_by_side(task: Task, jobs: int, report: Report, limit: float) -> None:
    """Work on a study in so many processes; their events reach `report` in this one.

    Where one dies the others go on, with its trial too. One that hangs, using no processor for `limit` seconds, is
    ended, and a new one takes up its trial. Raises JobFailed where they stop, all die, or a trial hangs twice.
    """
    workers: list[Worker] = []
    hung: list[int] = []  # trials
    stopped: list[str] = []
    with TemporaryDirectory(prefix="holdfast-") as folder:
        try:
            workers += [Worker(task, Path(folder) / f"{number}.txt", limit) for number in range(jobs)]
            while there := [worker for worker in workers if not worker.ended]:
                wait([worker.reader for worker in there], timeout=limit / LOOKS)
                for worker in there:
                    for event in worker.said():
                        if event["event"] == "stopped":
                            stopped.append(event["why"])
                        else:
                            report(event)
                    if not worker.ended and worker.trial is not None and worker.watch.hung():
                        said = worker.ended_where_it_hung()
                        if worker.trial in hung:
                            raise JobFailed(f"{said}\nFor the second time: the study ends here")
                        hung.append(worker.trial)
                        report({"event": "note", "note": said})
                        workers.append(Worker(task, Path(folder) / f"{len(workers)}.txt", limit))
        finally:
            for worker in workers:  # their trials are put back when the study goes on
                worker.end()
    if stopped:
        raise JobFailed(stopped[0])
    codes = [worker.process.exitcode for worker in workers if not worker.hung]
    if all(codes):
        raise JobFailed(f"{DIED}. The same command again continues")
    if any(codes):
        report({"event": "note", "note": f"{DIED}; the others went on"})


def server() -> Any:
    """Processes that are forked from one that has imported what all need, and has no threads of its own."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(NEEDED))
    return context


class Worker:
    """A process, and the end of a pipe of its own: one that dies while it writes holds up no other."""

    def __init__(self, task: Task, stack: Path, limit: float):
        context = server()
        self.reader, writer = context.Pipe(duplex=False)
        self.process = context.Process(target=_work, args=(task, writer, stack))
        self.process.start()
        writer.close()
        self.stack, self.watch = stack, Watch(self.process.pid, limit)
        self.trial: int | None = None  # between two trials it may wait for others, who ask for theirs
        self.ended = self.hung = False

    def said(self) -> Iterator[dict[str, Any]]:
        """What it has told since, without waiting."""
        try:
            while self.reader.poll():
                event = self.reader.recv()
                self.watch.heard()
                if event["event"] == "trying":
                    self.trial = event["number"]
                    continue
                self.trial = None
                yield event
        except (EOFError, OSError):
            self.ended = True
            self.process.join()

    def ended_where_it_hung(self) -> str:
        """End it; what to say of it."""
        stack = stack_of(self.process.pid, self.stack) or "(it showed no stack)"
        self.hung = self.ended = True
        self.end()
        return (
            f"trial {self.trial} hung: no processor time for {self.watch.limit:g} s; its stacks, the latest call"
            f" first:\n{stack}"
        )

    def end(self) -> None:
        if self.process.is_alive():
            end_with_children(self.process.pid)
        self.process.join()


def _work(task: Task, tell: Connection, stack: Path) -> None:
    from holdfast.study.tune import open_study, work_off

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the parent ends the others
    show_stack_when_asked(stack)
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        work_off(task, *open_study(task), tell.send)
    except (BadInput, JobFailed) as error:
        tell.send({"event": "stopped", "why": str(error)})
