"""A simulation of jobs on a cluster, event by event, as Holdfast's engines give them out.

One driver gives jobs out and takes results in, one after the other. A node has slots for jobs; those that run side by side
slow one another down. A worker is started in a slot before its first job, and a member's first job in a worker takes longer
than the later ones. Data go to each node once, from any node that has them, one copy at a time each; results come back over
the driver's link.

What it leaves out: nodes that differ or die, a network that others use too, what teachers' files take on their way.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Task:
    """A job: seconds alone on a node, its member, bytes that come back, the numbers of the tasks that it needs."""

    seconds: float
    member: str = ""
    returns: float = 0
    needs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cluster:
    """What jobs run on. Times in seconds, links in bytes a second."""

    nodes: int = 1
    slots: int = 1  # jobs at a time on a node
    cores: int = 1  # of a node
    slow: float = 1.0  # times that a job takes longer when each core has one
    start: float = 0.0  # of a worker
    warm: Mapping[str, float] = field(default_factory=dict)  # more for a member's first job in a worker
    submit: float = 0.0  # of the driver, for a job given out
    receive: float = 0.0  # of the driver, for a result
    written: float = math.inf  # bytes of results that the driver writes in a second
    inbound: float = math.inf  # to the driver
    outbound: float = math.inf  # from a node to another
    data: float = 0.0  # bytes to each node but the driver's own
    ray: bool = False  # it gives out before what a job needs is there, and refills a slot after the result

    def slower(self, busy: int) -> float:
        """How many times longer a job takes beside others, `busy` in all.

        >>> [Cluster(cores=2, slow=1.2).slower(busy) for busy in (1, 2, 4)]
        [1.0, 1.2, 2.4]
        """
        full = min(busy, self.cores) - 1
        beside = 1 + (self.slow - 1) * full / (self.cores - 1) if full else 1.0
        return beside * max(1.0, busy / self.cores)


@dataclass
class Node:
    """Its free slots, each with the members that its worker has met (None: no worker yet), and what runs there."""

    free: list[set[str] | None]
    there: float = 0.0  # when the data are
    asked: bool = False  # for the data
    left: dict[int, float] = field(default_factory=dict)  # seconds of work, by task
    slot: dict[int, set[str]] = field(default_factory=dict)
    seen: float = 0.0
    plan: int = 0  # which of its planned looks counts


class Simulation:
    """`run(tasks)` gives the seconds until the last result is in; a later call finds workers warm, and sends data anew."""

    def __init__(self, cluster: Cluster):
        self.cluster, self.now = cluster, 0.0
        self.nodes = [Node([None] * cluster.slots) for _ in range(cluster.nodes)]
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.count = itertools.count()

    def run(self, tasks: Sequence[Task]) -> float:
        began = self.now
        self.tasks, self.waiting = tasks, list(range(len(tasks)))
        self.held: list[int] = []  # given to Ray, which waits for what they need
        self.computed, self.taken = set[int](), set[int]()
        self.arrived, self.told = deque[int](), deque[int]()
        self.room, self.driving = self.cluster.nodes * self.cluster.slots, False
        self.into = self.now
        self.senders = [self.now]  # when each node that has the data can send them on; the driver's has
        for number, node in enumerate(self.nodes):
            node.asked, node.there = number == 0, self.now
        self._drive()
        while self.events:
            self.now, _, act = heapq.heappop(self.events)
            act()
        assert len(self.taken) == len(tasks), "some task waits for one that comes after it"
        return self.now - began

    def _at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self.events, (when, next(self.count), act))

    def _drive(self) -> None:
        """What the driver does next, where it is free: give out, else take in."""
        if self.driving:
            return
        ready = (n for n in self.waiting if self.cluster.ray or self.taken.issuperset(self.tasks[n].needs))
        if self.room and (task := next(ready, None)) is not None:
            self.waiting.remove(task)
            self.room -= 1
            self._busy(self.cluster.submit, lambda: self._given(task))
        elif self.told:
            task = self.told.popleft()
            took = self.cluster.receive + self.tasks[task].returns / self.cluster.written
            self._busy(took, lambda: self._taken(task))
        elif self.arrived:
            task = self.arrived.popleft()
            self.told.append(task)
            if not self.cluster.ray:  # its slot is filled first
                self.taken.add(task)
                self.room += 1
            self._drive()

    def _busy(self, seconds: float, after: Callable[[], None]) -> None:
        self.driving = True

        def done() -> None:
            self.driving = False
            after()
            self._drive()

        self._at(self.now + seconds, done)

    def _taken(self, task: int) -> None:
        if self.cluster.ray:
            self.taken.add(task)
            self.room += 1

    def _given(self, task: int) -> None:
        if self.computed.issuperset(self.tasks[task].needs):
            self._place(task)
        else:
            self.held.append(task)

    def _place(self, task: int) -> None:
        """On the node with the most free slots, once the data are there."""
        node = max(self.nodes, key=lambda one: len(one.free))
        met = node.free.pop()
        member = self.tasks[task].member
        work = self.tasks[task].seconds + (self.cluster.start if met is None else 0.0)
        if member not in (met or ()):
            work += self.cluster.warm.get(member, 0.0)
        node.slot[task] = {*(met or ()), member}
        if not node.asked:
            node.asked = True
            sender = heapq.heappop(self.senders)
            node.there = max(self.now, sender) + self.cluster.data / self.cluster.outbound
            for _ in range(2):  # both can send from now on
                heapq.heappush(self.senders, node.there)
        self._at(max(self.now, node.there), lambda: self._begin(node, task, work))

    def _begin(self, node: Node, task: int, work: float) -> None:
        self._advance(node)
        node.left[task] = work
        self._look_again(node)

    def _advance(self, node: Node) -> None:
        done = (self.now - node.seen) / self.cluster.slower(len(node.left)) if node.left else 0.0
        node.left = {task: left - done for task, left in node.left.items()}
        node.seen = self.now

    def _look_again(self, node: Node) -> None:
        """Plan to look when the first of a node's jobs ends, as they run now."""
        node.plan += 1
        plan = node.plan
        if node.left:
            soonest = min(node.left.values())
            ending = [task for task, left in node.left.items() if left - soonest <= 1e-9]
            when = self.now + max(0.0, soonest) * self.cluster.slower(len(node.left))
            self._at(when, lambda: self._end(node, ending, plan))

    def _end(self, node: Node, ending: list[int], plan: int) -> None:
        if plan != node.plan:
            return
        self._advance(node)
        for task in ending:
            del node.left[task]
            node.free.append(node.slot.pop(task))
            self.computed.add(task)
            self.into = max(self.now, self.into) + self.tasks[task].returns / self.cluster.inbound
            self._at(self.into, lambda task=task: self._arrive(task))
        for task in [one for one in self.held if self.computed.issuperset(self.tasks[one].needs)]:
            self.held.remove(task)
            self._place(task)
        self._look_again(node)

    def _arrive(self, task: int) -> None:
        self.arrived.append(task)
        self._drive()


def longest_chain(tasks: Sequence[Task]) -> float:
    """Seconds of the longest chain of tasks that need one another."""
    ends: list[float] = []
    for task in tasks:
        ends.append(task.seconds + max((ends[need] for need in task.needs), default=0.0))
    return max(ends, default=0.0)


def bounds(tasks: Sequence[Task], cluster: Cluster) -> dict[str, float]:
    """What the simulation cannot beat, each thing for itself: seconds by what would hold it back."""
    slots = cluster.nodes * cluster.slots
    rate = cluster.nodes * max(busy / cluster.slower(busy) for busy in range(1, cluster.slots + 1))
    shortest = sorted(task.seconds for task in tasks)
    first = cluster.start + min((cluster.warm.get(task.member, 0.0) for task in tasks), default=0.0)
    back = sum(task.returns for task in tasks)
    return {
        "processors": sum(shortest) / rate,
        "longest chain": first + longest_chain(tasks),
        "waves": first + sum(shortest[: math.ceil(len(tasks) / slots)]),
        "driver": len(tasks) * (cluster.submit + cluster.receive) + back / cluster.written,
        "results' way back": back / cluster.inbound,
    }
