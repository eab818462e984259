"""Jobs as tasks of a Ray cluster: the data once a node, the fold's files back to the run folder of this process.

No file system is shared: a task works in a folder of its own, and what it made travels. Ray itself gives a job again
whose worker or node is lost.
"""

from __future__ import annotations

import logging
import pickle
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from holdfast.data.dataset import maps_travel_whole
from holdfast.engine.job import Job, Report, Work
from holdfast.engine.over import Over, Several, Works
from holdfast.engine.ray_task import Made, carry_out, files_of, unpack
from holdfast.engine.threads import VARIABLES, cores
from holdfast.errors import BadInput, JobFailed

INSTALL = 'install it in Holdfast\'s folder: pip install -c constraints.txt -e ".[ray]"'
HOW = (
    "HOST:PORT of a cluster that this machine is a node of, or auto; without --address, Ray starts here alone"
)
ANSWER = 10.0  # seconds that an address may take
RETRIES = 3  # of a job whose worker or node was lost; Ray's own default
LOOK = 0.2  # seconds between two looks at events
SETTINGS = {  # of Ray where it starts here, unless the environment says otherwise
    "RAY_USAGE_STATS_ENABLED": "0",  # it tells nobody
    "RAY_worker_niceness": "0",  # else its workers give way to every other program
    "RAY_NUM_REDIS_GET_RETRIES": "1",  # of 40 s each, where something else listens at an address
}


class OnRay(Several):
    """A context: inside it Ray is there, and jobs run on it.

    `address`: of a cluster, None for one of this machine's cores. `components`: the user's own component files,
    whose content goes along. `threads`: of a job; `most`: jobs at a time; None: as many as the cluster has room for.
    """

    def __init__(
        self, threads: int, components: Sequence[Path] = (), address: str | None = None, most: int | None = None
    ):  # fmt: skip
        refuse(address)
        self.threads, self.components, self.address, self.most = threads, list(components), address, most

    def __enter__(self) -> OnRay:
        import ray

        how: dict[str, Any] = {"address": self.address}
        if self.address is None:
            how = {"address": "local", "num_cpus": max(cores(), self.threads), "include_dashboard": False}
        try:
            ray.init(**how, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            said = str(error).splitlines()[0]
            raise BadInput(
                f"--address: no Ray cluster answers at {self.address}: {said}; expected {HOW}"
            ) from None
        return self

    def __exit__(self, *error: object) -> None:
        import ray

        ray.shutdown()

    @property
    def jobs(self) -> int:
        """How many run at a time, as the cluster is now. Raises BadInput where no node has the threads of one."""
        import ray

        cpus = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        room = sum(number // self.threads for number in cpus)
        if not room:
            raise BadInput(
                f"--threads: no node of the Ray cluster has {self.threads} processor cores; take fewer"
            )
        return min(room, self.most or room)

    def over(self, works: Works, jobs: Iterable[tuple[str, Job]], report: Report) -> Over:
        import ray

        waiting, running = iter(jobs), dict[Any, tuple[str, Job]]()
        with _events(report) as (queue, hear):
            tasks = Tasks(works, self.components, self.threads, queue)
            try:
                while True:
                    while len(running) < self.jobs and (drawn := next(waiting, None)) is not None:
                        running[tasks.begin(*drawn)] = drawn
                    if not running:
                        return
                    ended, _ = ray.wait(list(running), num_returns=1, timeout=LOOK)
                    hear()
                    for task in ended:
                        key, job = running.pop(task)
                        yield key, job, tasks.end(task, key, job)
            finally:
                for task in running if ray.is_initialized() else ():
                    ray.cancel(task, force=True)


class Tasks:
    """The tasks of some works; what all need is put into Ray once."""

    def __init__(
        self, works: Works, components: Sequence[Path], threads: int, queue: Any
    ):  # fmt: skip
        import ray

        self.works, self.queue, self.running = works, queue, dict[tuple[str, Job], Any]()
        self.components = [(file.name, file.read_bytes()) for file in components]
        self.held = ray.put(pickled({key: work for key, (work, _) in works.items()}))
        variables = {"env_vars": dict.fromkeys(VARIABLES, str(threads))}
        self.how: dict[str, Any] = {"num_cpus": threads, "max_retries": RETRIES, "runtime_env": variables}
        self.task = ray.remote(carry_out)

    def begin(self, key: str, job: Job) -> Any:
        """Hand a job to Ray, which keeps it until those that it needs are there; gives the reference of what it makes."""
        work, run = self.works[key]
        before = [self._made(key, need) for need in work.needs(job)]
        start = work.members[job.member].start
        weights = None if start is None else start.files[job.repeat, job.fold].read_bytes()
        held = files_of(run.fold_folder(job.member, job.repeat, job.fold))
        named = f"{key}: {job}" if key else str(job)
        self.running[key, job] = self.task.options(name=named, **self.how, **self._gpu(work, job)).remote(
            self.components, self.held, key, job, named, held, weights, self.queue, *before
        )
        return self.running[key, job]

    def _made(self, key: str, job: Job) -> Any:
        """The reference of what a teacher makes, or of what it has made."""
        import ray

        folder = self.works[key][1].fold_folder(job.member, job.repeat, job.fold)
        return self.running.get((key, job)) or ray.put(Made(files_of(folder)))

    def _gpu(self, work: Work, job: Job) -> dict[str, Any]:
        """A network's job takes a GPU where nodes have some: Ray hides them from tasks that ask for none."""
        import ray

        from holdfast.models.base import Network

        network = isinstance(work.members[job.member].model, Network)
        return {"num_gpus": 1} if network and ray.cluster_resources().get("GPU") else {}

    def end(self, task: Any, key: str, job: Job) -> Exception | None:
        """Write what a task made into the run folder, `done.json` last; what it raised."""
        import ray

        del self.running[key, job]
        try:
            made: Made = ray.get(task)
        except ray.exceptions.RayError as error:  # the job's own errors come as values
            return JobFailed(
                f"{job}: lost for good, after {RETRIES} times again: {str(error).strip().splitlines()[0]}\nFinished folds"
                " are kept: the same command again goes on with the others"
            )
        if made.error is None:
            unpack(made.files, self.works[key][1].fold_folder(job.member, job.repeat, job.fold))
        return made.error


def pickled(works: dict[str, Work]) -> tuple[bytes, list[Any]]:
    """Works as their pickle and its arrays, which the tasks of a node see in its shared memory, not as copies.

    Pickled here, not by Ray: a task must import the user's components before it can unpickle them.
    """
    import numpy as np

    arrays: list[pickle.PickleBuffer] = []
    with maps_travel_whole():
        written = pickle.dumps(works, protocol=5, buffer_callback=arrays.append)
    return written, [np.frombuffer(array.raw(), np.uint8) for array in arrays]


@contextmanager
def _events(report: Report) -> Iterator[tuple[Any, Any]]:
    """A queue that tasks put events into, on this node, and what hears them here.

    A job that starts for the second time has lost its worker or its node.
    """
    import ray
    from ray.util.queue import Empty, Queue
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    queue = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
    started: set[str] = set()

    def hear() -> None:
        while True:
            try:
                event = queue.get_nowait()
            except Empty:
                return
            if event["event"] == "start":
                if event["job"] in started:
                    report({"event": "lost", "job": event["job"], "why": "its worker or its node was lost"})
                started.add(event["job"])
            report(event)

    try:
        yield queue, hear
    finally:
        if ray.is_initialized():
            queue.shutdown(force=True)


def refuse(address: str | None) -> None:
    """Raises BadInput, within seconds, where Ray is not installed or nobody listens at the address."""
    import importlib.util
    import os

    if importlib.util.find_spec("ray") is None:
        raise BadInput(f"--engine ray needs Ray, which is not installed; {INSTALL}")
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    if address in (None, "auto"):
        return
    host, _, port = str(address).rpartition(":")
    if "://" in str(address) or not host or not port.isdigit():
        raise BadInput(f"--address: expected {HOW}; got {address!r}")
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER).close()
    except (OSError, OverflowError) as error:
        raise BadInput(f"--address: nobody answers at {address}: {error}; expected {HOW}") from None
