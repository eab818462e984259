"""Several processes on one study, each with trials of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from holdfast.errors import BadInput, JobFailed

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


def side_by_side(task: Task, jobs: int, report: Report) -> None:
    """Work on a study in so many processes; their events reach `report` in this one.

    Where one dies the others go on, with its trial too. Raises JobFailed where they stop, or all die.
    """
    workers: dict[Connection, Any] = {}
    stopped: list[str] = []
    try:
        for _ in range(jobs):
            reader, worker = _start(task)
            workers[reader] = worker
        for event in _told(workers):
            if event["event"] == "stopped":
                stopped.append(event["why"])
            else:
                report(event)
        for worker in workers.values():
            worker.join()
    except BaseException:
        for worker in workers.values():  # their trials are put back when the study goes on
            worker.kill()
            worker.join()
        raise
    if stopped:
        raise JobFailed(stopped[0])
    codes = [worker.exitcode for worker in workers.values()]
    if all(codes):
        raise JobFailed(f"{DIED}. The same command again continues")
    if any(codes):
        report({"event": "note", "note": f"{DIED}; the others went on"})


def server() -> Any:
    """Processes that are forked from one that has imported what all need, and has no threads of its own."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(NEEDED))
    return context


def _start(task: Task) -> tuple[Connection, Any]:
    """A worker, and the end of a pipe of its own: one that dies while it writes holds up no other."""
    context = server()
    reader, writer = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(task, writer))
    worker.start()
    writer.close()
    return reader, worker


def _told(readers: Iterable[Connection]) -> Iterator[dict[str, Any]]:
    """What the workers tell, until the last has ended."""
    there = list(readers)
    while there:
        for one in wait(there):
            assert isinstance(one, Connection)
            try:
                yield one.recv()
            except (EOFError, OSError):
                there.remove(one)


def _work(task: Task, tell: Connection) -> None:
    from holdfast.study.tune import open_study, work_off

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the parent ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work_off(task, *open_study(task), tell.send)
    except (BadInput, JobFailed) as error:
        tell.send({"event": "stopped", "why": str(error)})


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
