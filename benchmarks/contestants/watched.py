"""A command in a process of its own, under a limit on its data, watched for the most memory that it takes."""

from __future__ import annotations

import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

LOOK = 0.02  # seconds between looks
MIB = 1 << 20


@dataclass(frozen=True)
class Ran:
    """What a command took: MiB of anonymous memory at the most, of all its processes together; seconds; how it ended."""

    peak: float
    seconds: float
    code: int
    errors: str


def run(command: Sequence[str], limit: int | None, environment: dict[str, str]) -> Ran:
    """Run it to its end; `limit`: MiB that each of its processes may have (RLIMIT_DATA)."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit * MIB,) * 2)

    started = time.monotonic()
    with subprocess.Popen(
        command,
        env=environment,
        preexec_fn=limited,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watch = Watch(process.pid)
        watch.start()
        _, errors = process.communicate()
        watch.over.set()
        watch.join()
    return Ran(watch.most / MIB, time.monotonic() - started, process.returncode, errors[-2000:])


class Watch(threading.Thread):
    """The most anonymous memory of a process and its children; pages of files, which can be given back, are not of it."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0, threading.Event()

    def run(self) -> None:
        turn, pids = 0, [self.pid]
        while not self.over.wait(LOOK):
            if turn % 20 == 0:  # children are few, and looking for them takes longer
                pids = family(self.pid)
            turn += 1
            self.most = max(self.most, sum(anonymous(one) for one in pids))


def family(pid: int) -> list[int]:
    try:
        return [pid, *(one.pid for one in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return [pid]


def anonymous(pid: int) -> int:
    """Bytes of RssAnon; 0 of a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    held: Any = next((line for line in lines if line.startswith("RssAnon")), None)
    return 0 if held is None else int(held.split()[1]) * 1024
