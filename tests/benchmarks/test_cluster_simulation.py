"""The simulation of a cluster, where the answer is known."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from cluster import Cluster, Simulation, Task, bounds, longest_chain

lengths = st.lists(st.floats(0.1, 100), min_size=1, max_size=25)
ray = st.booleans()


def seconds(tasks: list[Task], **cluster: object) -> float:
    return Simulation(Cluster(**cluster)).run(tasks)  # type: ignore[arg-type]


@st.composite
def graphs(draw: st.DrawFn) -> list[Task]:
    """Tasks that may need earlier ones."""
    tasks = []
    for number, length in enumerate(draw(lengths)):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=2)) if number else set()
        tasks.append(Task(length, needs=tuple(needs)))
    return tasks


@settings(max_examples=40, deadline=None)
@given(jobs=st.integers(1, 40), workers=st.integers(1, 12), nodes=st.integers(1, 4), on_ray=ray)
def test_equal_jobs_take_whole_waves(jobs: int, workers: int, nodes: int, on_ray: bool):
    took = seconds([Task(2.0)] * jobs, nodes=nodes, slots=workers, cores=workers, ray=on_ray)
    assert took == pytest.approx(2.0 * math.ceil(jobs / (nodes * workers)))


@settings(max_examples=40, deadline=None)
@given(tasks=graphs(), slots=st.integers(1, 5), nodes=st.integers(1, 4), on_ray=ray)
def test_no_run_beats_its_longest_chain_or_its_share_of_the_work(
    tasks: list[Task], slots: int, nodes: int, on_ray: bool
):
    took = seconds(tasks, nodes=nodes, slots=slots, cores=slots, ray=on_ray)
    total = sum(task.seconds for task in tasks)
    assert took >= max(longest_chain(tasks), total / (nodes * slots)) * (1 - 1e-9)
    assert took <= total * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(tasks=graphs(), slots=st.integers(1, 5))
def test_slots_never_rest_while_a_job_could_run(tasks: list[Task], slots: int):
    """Graham's bound for lists: what is not the longest chain is shared by all slots."""
    total, chain = sum(task.seconds for task in tasks), longest_chain(tasks)
    assert seconds(tasks, slots=slots, cores=slots) <= (total / slots + chain * (1 - 1 / slots)) * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(long=lengths, slots=st.integers(1, 4), nodes=st.integers(1, 6), on_ray=ray)
def test_more_nodes_are_never_slower_for_jobs_that_need_no_other(
    long: list[float], slots: int, nodes: int, on_ray: bool
):
    tasks = [Task(one) for one in long]
    few, more = (seconds(tasks, nodes=n, slots=slots, cores=slots, ray=on_ray) for n in (nodes, nodes + 1))
    assert more <= few * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(tasks=graphs(), nodes=st.integers(1, 4), on_ray=ray)
def test_every_bound_holds(tasks: list[Task], nodes: int, on_ray: bool):
    cluster = Cluster(
        nodes=nodes, slots=3, cores=2, slow=1.3, start=2.0, warm={"": 1.0}, submit=0.01, receive=0.05,
        written=50.0, inbound=20.0, outbound=10.0, data=15.0, ray=on_ray,
    )  # fmt: skip
    tasks = [replace(task, returns=3.0) for task in tasks]
    took = Simulation(cluster).run(tasks)
    for what, least in bounds(tasks, cluster).items():
        assert took >= least * (1 - 1e-9), what


def test_jobs_beyond_the_cores_share_them():
    assert seconds([Task(3.0)] * 4, slots=4, cores=2) == pytest.approx(6.0)
    assert seconds([Task(3.0)] * 2, slots=2, cores=2, slow=1.5) == pytest.approx(4.5)
    # the second ends alone: 1 s of each beside the other takes 1.5 s, the 2 s that are left take 2 s
    assert seconds([Task(1.0), Task(3.0)], slots=2, cores=2, slow=1.5) == pytest.approx(3.5)


def test_a_worker_starts_once_and_meets_each_member_once():
    tasks = [Task(1.0, "conv"), Task(1.0, "conv"), Task(1.0, "trees")]
    cluster = Cluster(start=5.0, warm={"conv": 2.0, "trees": 0.5})
    simulation = Simulation(cluster)
    assert simulation.run(tasks) == pytest.approx(5 + 2 + 0.5 + 3)
    assert simulation.run(tasks) == pytest.approx(3)  # the next round finds it warm


def test_data_go_from_node_to_node():
    """The driver's node has them; 1 s later two nodes have, then four, then eight."""
    one_each = [Task(0.0)] * 8
    assert seconds(one_each, nodes=8, data=10.0, outbound=10.0) == pytest.approx(3.0)
    assert seconds([Task(0.0)], nodes=8, data=10.0, outbound=10.0) == 0.0


def test_results_wait_for_the_link_and_for_the_driver():
    tasks = [Task(1.0, returns=100.0)] * 4
    assert seconds(tasks, slots=4, cores=4, inbound=50.0) == pytest.approx(1 + 4 * 2)
    assert seconds(tasks, slots=4, cores=4, receive=3.0) == pytest.approx(1 + 4 * 3)
    assert seconds(tasks, slots=4, cores=4, submit=3.0) == pytest.approx(4 * 3 + 1)


def test_ray_refills_a_slot_after_the_result_and_processes_before():
    tasks = [Task(10.0), Task(10.0)]
    assert seconds(tasks, receive=1.0) == pytest.approx(21.0)
    assert seconds(tasks, receive=1.0, ray=True) == pytest.approx(22.0)
