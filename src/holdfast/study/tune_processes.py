"""Several processes on one study, each with trials of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from holdfast.errors import JobFailed

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
_events: list[Any] = []  # of a worker: where it tells


def side_by_side(task: Task, jobs: int, report: Report) -> None:
    """Work on a study in so many processes; their events reach `report` in this one."""
    context = server()
    events, ended = context.SimpleQueue(), threading.Event()
    listener = threading.Thread(target=_listen, args=(events, ended, report), daemon=True)
    listener.start()
    pool = ProcessPoolExecutor(jobs, context, _begin, (events,))
    try:
        for one in as_completed([pool.submit(_work, task) for _ in range(jobs)]):
            one.result()
    except BrokenProcessPool:
        raise JobFailed(
            "a worker process died, most likely of too little memory; use fewer --jobs. The same command again"
            " continues"
        ) from None
    except BaseException:
        for process in (pool._processes or {}).values():  # their trials are put back when the study goes on
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        ended.set()
        listener.join()


def server() -> Any:
    """Processes that are forked from one that has imported what all need, and has no threads of its own."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(NEEDED))
    return context


def _listen(events: Any, ended: threading.Event, report: Report) -> None:
    """Nothing is waited for that a killed worker may owe: it may have held the queue's lock."""
    while not (ended.wait(0.1) and events.empty()):
        while not events.empty():
            report(events.get())


def _begin(events: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the parent ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _events.append(events)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(task: Task) -> None:
    from holdfast.study.tune import open_study, work_off

    work_off(task, *open_study(task), _events[0].put)
