"""Memory: how much may still be taken, of the machine, of a container, of what the shell allows; and keeping it."""

from __future__ import annotations

import ctypes
import resource
import sys
from functools import cache
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")  # of version 2; a container sees its own there


M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # mallopt(3)
KEPT = 2**30  # bytes: the most that the process keeps for itself when it needs them no more


@cache
def keep_freed_memory() -> None:
    """Let glibc hand freed memory out again, where it would give it back to the system.

    A network on a processor frees and takes hundreds of MB in each step; the system hands them out a page at a
    time, each filled with zeros. Does nothing where the C library is another.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, KEPT)


def free_memory() -> int:
    """Bytes that this process may still take: the least of what the machine, the container and `ulimit -d` leave."""
    return min([psutil.virtual_memory().available, *_of_container(CGROUP), *_of_process()])


def _of_container(folder: Path) -> list[int]:
    """What the container's limit leaves; pages of files are given back when they are needed."""
    try:
        limit = int((folder / "memory.max").read_text())  # "max" where there is none
        used = int((folder / "memory.current").read_text())
        cached = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return [max(limit - used + int(cached.get("inactive_file", 0)), 0)]
    except (OSError, ValueError):
        return []


def _of_process() -> list[int]:
    """What the limit on a process's own memory leaves; memory maps of files do not count."""
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return [] if limit == resource.RLIM_INFINITY else [max(limit - psutil.Process().memory_info().data, 0)]
