"""A process with all that it starts: seconds, processor seconds, and memory at its peak."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

MIB = 1 << 20
LOOK = 0.5  # seconds between looks at the memory
WORDS = 3000  # last bytes that a failed command said, which are shown


@dataclass(frozen=True)
class Ran:
    """How a command ended well."""

    seconds: float
    cpu: float  # processor seconds, user's and system's, of the process and all that it waited for
    peak: float  # MiB of the whole tree at once


class Peak(threading.Thread):
    """The most memory that a process and its descendants ever held at once."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.root, self.most, self.ended = psutil.Process(pid), 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(LOOK):
            try:
                self.most = max(self.most, held(self.root))
            except psutil.NoSuchProcess:
                return


def held(process: psutil.Process) -> int:
    """Bytes of a process and its descendants.

    A page that several of them share counts once (Linux's proportional set size). Elsewhere each one's own pages
    are summed, and shared ones left out.
    """
    return sum(map(_memory, [process, *process.children(recursive=True)]))


def _memory(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has ended since it was listed
        return 0
    return int(getattr(info, "pss", info.uss))


def ran(command: list[str], environment: Mapping[str, str]) -> Ran:
    """Run it to its end. Raises RuntimeError with its last words where that is no good one."""
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        peak = Peak(process.pid)
        peak.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        peak.ended.set()
        peak.join()
        if process.returncode:
            log.seek(max(0, log.seek(0, os.SEEK_END) - WORDS))
            words = log.read().decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{words}")
    return Ran(seconds, used.ru_utime + used.ru_stime, peak.most / MIB)


def holdfast(*arguments: str) -> list[str]:
    """The command `holdfast` with this interpreter."""
    return [sys.executable, "-m", "holdfast", *arguments]
