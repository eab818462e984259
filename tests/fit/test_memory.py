"""What memory is left: never more than the machine has, a container allows, or the shell."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from holdfast.fit.memory import _of_container, free_memory

LIMITED = """
import resource, psutil
from holdfast.fit.memory import free_memory
before = psutil.Process().memory_info().data
resource.setrlimit(resource.RLIMIT_DATA, (before + (64 << 20), resource.RLIM_INFINITY))
print(free_memory())
"""

FAULTS = """
import resource, torch
from holdfast.fit.memory import keep_freed_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(10 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
plain = faults()
keep_freed_memory()
faults()  # fills what is kept
print(plain, faults())
"""


def test_the_machine_has_at_least_that() -> None:
    assert 0 < free_memory() <= psutil.virtual_memory().total


def test_a_container_leaves_its_limit_less_what_is_used_but_for_files(tmp_path: Path) -> None:
    assert _of_container(tmp_path) == []
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 200\n")
    assert _of_container(tmp_path) == [500]
    (tmp_path / "memory.current").write_text("1500\n")
    assert _of_container(tmp_path) == [0]
    (tmp_path / "memory.max").write_text("max\n")
    assert _of_container(tmp_path) == []


@pytest.mark.skipif(
    sys.platform != "linux", reason="ulimit -d counts all of a process's own memory on Linux only"
)
def test_a_process_has_what_ulimit_leaves() -> None:
    made = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True)
    assert 0 < int(made.stdout) <= 64 << 20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has its own ways")
def test_freed_memory_is_handed_out_again() -> None:
    made = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    plain, kept = map(int, made.stdout.split())
    assert kept < plain / 5, "pages that the system had to fill anew"
