"""How a contestant takes its turn: a command on stdin, a number on stdout, nothing else computed.

Each contestant is a process of its own, with its own libraries, that stays alive between its turns. numpy
alone is needed here, so that the same file serves every environment.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def settings() -> dict[str, Any]:
    """What the driver asks for, the process's last argument; threads are limited before libraries load."""
    said: dict[str, Any] = json.loads(sys.argv[-1])
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(said["threads"])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: said["threads"]])
    return said


class Turns:
    """`for command in turns: … turns.answer(value)`; ends when the driver closes its end."""

    def __init__(self) -> None:
        # libraries may print: what they print goes to stderr, and the answers to the real stdout
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def answer(self, value: Any) -> None:
        self._out.write(json.dumps(value) + "\n")
        self._out.flush()

    def wait(self) -> str | None:
        return sys.stdin.readline().strip() or None

    def __iter__(self) -> Turns:
        return self

    def __next__(self) -> str:
        command = self.wait()
        if command is None:
            raise StopIteration
        return command


class Clock:
    """`with Clock() as clock: …`, then `clock.seconds`, and `clock.cpu` of all of this process's threads."""

    def __enter__(self) -> Clock:
        self._started, self._used = time.perf_counter(), time.process_time()
        self.seconds = self.cpu = 0.0
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self._started
        self.cpu = time.process_time() - self._used
