"""Jobs in worker processes, each with its share of threads."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from holdfast.engine.inline import _one
from holdfast.engine.job import Job, Report, Work
from holdfast.engine.threads import VARIABLES
from holdfast.errors import JobFailed
from holdfast.store.run import Run

_worker: dict[str, Any] = {}
_telling = threading.Lock()


class Processes:
    """`jobs` at a time. `components`: the user's own component files, imported in each worker first."""

    def __init__(self, jobs: int, components: Sequence[Path] = ()):
        self.jobs, self.components = jobs, list(components)

    def run(self, work: Work, jobs: Sequence[Job], run: Run, report: Report) -> Iterator[Job]:
        """Yield each job as it ends; the events of all workers reach `report` in this process."""
        context = get_context("spawn")  # a forked process would inherit locked thread pools
        events = context.SimpleQueue()
        listener = threading.Thread(target=_listen, args=(events, report), daemon=True)
        listener.start()
        stop, go_on = context.Pipe(duplex=False)  # workers live as long as its other end is open
        arguments = (self.components, pickle.dumps(work), run.path, events, stop)
        futures: list[Future[Job]] = []
        with _thread_variables(work.threads):
            pool = ProcessPoolExecutor(min(self.jobs, len(jobs)), context, _begin, arguments)
            try:
                futures = [pool.submit(_work, job) for job in jobs]
                for future in as_completed(futures):
                    yield future.result()
            except BaseException as error:
                go_on.close()  # folds in work end now, and resume at their last checkpoint
                if not isinstance(error, BrokenProcessPool):
                    raise
                raise JobFailed(
                    "a worker process died, most likely of too little memory; use fewer --jobs. The same command"
                    " again continues with the folds that are not finished"
                ) from None
            finally:
                for future in futures:
                    future.cancel()
                pool.shutdown(wait=True)
                go_on.close()
                events.put(None)
                listener.join()


@contextmanager
def _thread_variables(threads: int) -> Iterator[None]:
    """The environment that tells the workers' libraries, while they load, how many threads to start."""
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name in VARIABLES:
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]


def _listen(events: Any, report: Report) -> None:
    while (event := events.get()) is not None:
        report(event)


def _begin(components: list[Path], work: bytes, path: Path, events: Any, stop: Connection) -> None:
    from holdfast.recipe.registry import load_user_components

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the parent ends the others
    threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()
    load_user_components(components)
    _worker.update(work=pickle.loads(work), run=Run(path), events=events)


def _end_with_parent(stop: Connection) -> None:
    """A worker whose parent was killed, or has stopped the run, must not go on writing into the run folder."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel, stop])
        with _telling:  # an end inside would leave the queue locked for all
            os._exit(1)


def _work(job: Job) -> Job:
    return _one(_worker["work"], job, _worker["run"], _tell)


def _tell(event: dict[str, Any]) -> None:
    with _telling:
        _worker["events"].put(event)
