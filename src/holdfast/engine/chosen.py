"""The engine that is asked for by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from holdfast.engine.inline import Inline
from holdfast.engine.job import Work
from holdfast.engine.processes import Processes
from holdfast.engine.side_by_side import spread_over_devices
from holdfast.errors import BadInput

NAMES = ("auto", "inline", "processes", "ray")


def refuse_engine(name: str, address: str | None) -> None:
    """Raises BadInput where there is no such engine, or it cannot run here."""
    if name not in NAMES:
        raise BadInput(f"--engine: expected {', '.join(NAMES[:-1])} or {NAMES[-1]}, got {name!r}")
    if name == "ray":
        from holdfast.engine.ray_engine import refuse

        refuse(address)
    elif address is not None:
        raise BadInput("--address: names a Ray cluster; give --engine ray, too")


def refuse_devices(name: Any, work: Work) -> None:
    """Raises BadInput where the engine cannot give a network several devices."""
    if name == "ray" and (members := spread_over_devices(work)):
        raise BadInput(
            f"--devices: a task of Ray has one device, and the network of {members[0]} is to have more; leave --devices"
            " out, or take another --engine"
        )


@contextmanager
def chosen(
    engine: Any, at_a_time: int, threads: int, components: Sequence[Path], watchdog: str, address: str | None,
    most: int | None,
) -> Iterator[Any]:  # fmt: skip
    """The engine of a name, ready for jobs of so many `threads`; one that is no name is the user's own.

    `most`: jobs at a time that were asked for.
    """
    if not isinstance(engine, str):
        yield engine
    elif engine == "ray":
        from holdfast.engine.ray_engine import OnRay

        with OnRay(threads, components, address, most) as cluster:
            yield cluster
    elif engine == "inline" or (engine == "auto" and at_a_time == 1):
        yield Inline()
    else:
        yield Processes(at_a_time, components, watchdog)
