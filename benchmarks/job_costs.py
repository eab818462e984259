"""What a job costs: runs of simulated windows whose jobs, driver and workers are timed, and the model made from them."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any
from unittest.mock import patch

from cluster import Cluster, Task

FOLDS = 3
MEMBERS: dict[str, dict[str, Any]] = {
    "conv": {"model": {"conv_residual": {"width": 16}}, "fit": {"epochs": 6, "batch_size": 32}},
    "rocket": {"model": {"minirocket": {"n_kernels": 2000}}},
    "trees": {"model": {"lightgbm": {"n_estimators": 60}}, "features": "window_statistics"},
}
WRITTEN = 1 << 24  # bytes whose writing is timed


class Clocked:
    """An engine, with the times at which its results came, and what the run did with them meanwhile."""

    def __init__(self, engine: Any):
        self.engine, self.ends, self.scoring = engine, dict[str, float](), 0.0

    def run(self, work: Any, jobs: Any, run: Any, report: Any) -> Iterator[Any]:
        self.began = time.perf_counter()
        for job in self.engine.run(work, jobs, run, report):
            given = time.perf_counter()
            self.ends[str(job)] = given - self.began
            yield job
            self.wall = time.perf_counter() - self.began
            self.scoring += time.perf_counter() - given


@dataclass
class Made:
    """One run: seconds from the first job given out to the last result scored, and what is known of each job."""

    wall: float
    ends: dict[str, float]  # in the order in which they came
    seconds: dict[str, float]
    returns: dict[str, int]
    driver: dict[str, float]  # seconds a job: given out, taken in and scored

    def member(self, job: str) -> str:
        return job.split()[0]


@dataclass
class Costs:
    """The cost model of one engine."""

    seconds: dict[str, float]  # by member, a job alone
    returns: dict[str, float]
    warm: dict[str, float]
    start: float
    beside: float  # seconds of a job around its training, in the worker
    submit: float
    receive: float
    slow: float = 1.0
    written: float = 1e9

    def cluster(self, **more: Any) -> Cluster:
        return Cluster(
            slow=self.slow, start=self.start, warm=self.warm, submit=self.submit, receive=self.receive,
            written=self.written, **more,
        )  # fmt: skip

    def task(self, member: str, times: float = 1.0, needs: tuple[int, ...] = ()) -> Task:
        return Task(times * self.seconds[member] + self.beside, member, self.returns[member], needs)


@contextmanager
def engine_of(name: str, workers: int, address: str | None) -> Iterator[Any]:
    from holdfast.engine.processes import Processes
    from holdfast.engine.ray_engine import OnRay

    if name == "processes":
        yield Processes(workers)
        return
    with OnRay(1, address=address, most=workers) as engine:
        yield engine


def timed(spent: dict[str, float], key: str, act: Callable[..., Any]) -> Callable[..., Any]:
    """A function that adds what it takes to `spent`."""

    def around(*args: Any, **more: Any) -> Any:
        began = time.perf_counter()
        try:
            return act(*args, **more)
        finally:
            spent[key] += time.perf_counter() - began

    return around


def measured(
    entry: dict[str, Any], folder: Path, engine: str, workers: int, repeats: int, address: str | None
) -> Made:
    """Run the members over all folds. Jobs have one thread each."""
    import holdfast
    from holdfast.engine import ray_engine

    recipe = {
        "data": entry, "metric": "log_loss", "threads": 1, "members": MEMBERS,
        "folds": {"kind": "stratified_group", "k": FOLDS, "repeats": repeats},
    }  # fmt: skip
    print(f"{engine}, {workers} at a time, {repeats} repeats", file=sys.stderr, flush=True)
    spent = {"submit": 0.0, "receive": 0.0}
    with ExitStack() as stack:
        clock = Clocked(stack.enter_context(engine_of(engine, workers, address)))
        if engine == "ray":
            for key, name in (("submit", "begin"), ("receive", "end")):
                act = timed(spent, key, getattr(ray_engine.Tasks, name))
                stack.enter_context(patch.object(ray_engine.Tasks, name, act))
        run = holdfast.train(recipe, folder, engine=clock, threads=1, accept=None)
    folds = sorted((run.path / "members").glob("*/fold-*"))
    jobs = {named(fold): fold for fold in folds}
    return Made(
        clock.wall,
        clock.ends,
        {job: seconds_of(fold) for job, fold in jobs.items()},
        {job: bytes_of(fold) for job, fold in jobs.items()},
        {"submit": spent["submit"] / len(jobs), "receive": (spent["receive"] + clock.scoring) / len(jobs)},
    )


def named(fold: Path) -> str:
    """The job that made a fold's folder, as its `str` says it."""
    number, _, repeat = fold.name.removeprefix("fold-").partition(".r")
    return f"{fold.parent.name} fold {number}" + (f" repeat {repeat}" if repeat else "")


def seconds_of(fold: Path) -> float:
    return float(json.loads((fold / "state.json").read_text(encoding="utf-8"))["seconds"])


def bytes_of(fold: Path) -> int:
    return sum(file.stat().st_size for file in fold.rglob("*") if file.is_file())


def costs_of(alone: Made, written: float, ray: bool) -> Costs:
    """The cost model from a run with one worker, whose jobs came one after the other, each member's together."""
    members = {
        alone.member(job): [one for one in alone.ends if alone.member(one) == alone.member(job)]
        for job in alone.ends
    }
    seconds = {name: median(alone.seconds[job] for job in jobs[1:]) for name, jobs in members.items()}
    warm = {name: max(0.0, alone.seconds[jobs[0]] - seconds[name]) for name, jobs in members.items()}
    returns = {name: mean(alone.returns[job] for job in jobs) for name, jobs in members.items()}
    times = [0.0, *alone.ends.values()]
    gaps = [end - before - alone.seconds[job] for before, (job, end) in zip(times, alone.ends.items())]
    around = max(0.0, median(gaps[1:]))
    driver = sum(alone.driver.values()) if ray else 0.0  # processes: a worker goes on meanwhile
    return Costs(
        seconds, returns, warm, max(0.0, gaps[0] - around), max(0.0, around - driver), alone.driver["submit"],
        alone.driver["receive"], written=written,
    )  # fmt: skip


def contention(alone: Made, pair: Made) -> float:
    """How many times longer jobs take two at a time; each member's first, which warm up, left out."""
    seen: set[str] = set()
    ratios = []
    for job in alone.ends:
        if alone.member(job) in seen:
            ratios.append(pair.seconds[job] / alone.seconds[job])
        seen.add(alone.member(job))
    return max(1.0, median(ratios))


def writing(folder: Path) -> float:
    """Bytes of results that the driver writes in a second."""
    from holdfast.engine.ray_task import unpack

    took = []
    for turn in range(3):
        began = time.perf_counter()
        unpack({"weights": bytes(WRITTEN)}, folder / f"{turn}")
        took.append(time.perf_counter() - began)
    return WRITTEN / median(took)


@contextmanager
def local_cluster(workers: int) -> Iterator[str]:
    """A Ray cluster of one node here, with a core for each worker, as if the machine had them."""
    from ray.cluster_utils import Cluster as RayCluster

    from holdfast.engine.ray_engine import SETTINGS

    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray").setLevel(logging.ERROR)
    made = RayCluster(initialize_head=True, head_node_args={"num_cpus": workers, "include_dashboard": False})
    try:
        yield made.address
    finally:
        made.shutdown()
