"""Jobs in worker processes, each with its share of threads."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from holdfast.engine.inline import one
from holdfast.engine.job import Job, Report, Work
from holdfast.engine.threads import VARIABLES
from holdfast.errors import JobFailed
from holdfast.store.run import RunFolder

_worker: dict[str, Any] = {}
_telling = threading.Lock()


class Processes:
    """`jobs` at a time. `components`: the user's own component files, imported in each worker first."""

    def __init__(self, jobs: int, components: Sequence[Path] = ()):
        self.jobs, self.components = jobs, list(components)

    def run(self, work: Work, jobs: Sequence[Job], run: RunFolder, report: Report) -> Iterator[Job]:
        """Yield each job as it ends; the events of all workers reach `report` in this process."""
        for _, job, error in self.over({"": (work, run)}, (("", job) for job in jobs), report):
            if error is not None:
                raise error
            yield job

    def over(
        self, works: Mapping[str, tuple[Work, RunFolder]], jobs: Iterable[tuple[str, Job]], report: Report
    ) -> Iterator[tuple[str, Job, Exception | None]]:
        """Jobs of several works with equal threads, each named by its work's key: yield what ends, and what it raised.

        A job is drawn from `jobs` when a worker has room for it; one that needs others, drawn before, waits for them.
        """
        context = get_context("spawn")  # a forked process would inherit locked thread pools
        events = context.SimpleQueue()
        listener = threading.Thread(target=_listen, args=(events, report), daemon=True)
        listener.start()
        stop, go_on = context.Pipe(duplex=False)  # workers live as long as its other end is open
        (threads,) = {work.threads for work, _ in works.values()}
        arguments = (self.components, pickle.dumps(dict(works)), events, stop)
        waiting, running = iter(jobs), dict[Future[None], tuple[str, Job]]()
        held: list[tuple[str, Job]] = []

        def free(key: str, job: Job) -> bool:
            to_come = {*held, *running.values()}
            return to_come.isdisjoint((key, one) for one in works[key][0].needs(job))

        def fill() -> None:
            while len(running) < self.jobs:
                ready = next((one for one in held if free(*one)), None) or next(waiting, None)
                if ready is None:
                    return
                if ready in held:
                    held.remove(ready)
                elif not free(*ready):
                    held.append(ready)
                    continue
                running[pool.submit(_work, *ready)] = ready

        with _thread_variables(threads):
            pool = ProcessPoolExecutor(self.jobs, context, _begin, arguments)
            try:
                fill()
                while running:
                    for ended in wait_for(running, return_when=FIRST_COMPLETED).done:
                        key, job = running.pop(ended)
                        fill()
                        yield key, job, _raised(ended)
            except BaseException as error:
                go_on.close()  # folds in work end now, and resume at their last checkpoint
                if not isinstance(error, BrokenProcessPool):
                    raise
                raise JobFailed(
                    "a worker process died, most likely of too little memory; use fewer --jobs. The same command"
                    " again continues with the folds that are not finished"
                ) from None
            finally:
                for future in running:
                    future.cancel()
                pool.shutdown(wait=True)
                go_on.close()
                events.put(None)
                listener.join()


def _raised(ended: Future[None]) -> Exception | None:
    """What a job raised; the end of its process is no job's own."""
    error = ended.exception()
    if error is not None and (isinstance(error, BrokenProcessPool) or not isinstance(error, Exception)):
        raise error
    return error


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


def _begin(components: list[Path], works: bytes, events: Any, stop: Connection) -> None:
    from holdfast.recipe.registry import load_user_components

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the parent ends the others
    threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()
    load_user_components(components)
    _worker.update(works=pickle.loads(works), events=events)


def _end_with_parent(stop: Connection) -> None:
    """A worker whose parent was killed, or has stopped the run, must not go on writing into the run folder."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel, stop])
        with _telling:  # an end inside would leave the queue locked for all
            os._exit(1)


def _work(key: str, job: Job) -> None:
    work, run = _worker["works"][key]
    one(work, job, run, _tell, f"{key}: {job}" if key else str(job))


def _tell(event: dict[str, Any]) -> None:
    with _telling:
        _worker["events"].put(event)
