"""The benchmark of memory counts what a process takes of its own, and ends it at its limit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="limits and /proc are Linux's"
)

WATCHED = f"""
import os, sys
sys.path.insert(0, {str(BENCHMARKS / "contestants")!r})
from watched import run
command = "import time; held = bytearray({{}} << 20); time.sleep(0.5)"
for mib, limit in ((8, None), (64, None), (64, 512), (1024, 512)):
    ran = run([sys.executable, "-c", command.format(mib)], limit, dict(os.environ))
    print(ran.code, round(ran.peak), "MemoryError" in ran.errors)
"""


def test_anonymous_memory_is_counted_and_limited() -> None:
    made = subprocess.run(
        [sys.executable, "-c", WATCHED], capture_output=True, text=True, timeout=120, check=True
    )
    few, more, allowed, refused = (line.split() for line in made.stdout.splitlines())
    assert few[0] == more[0] == allowed[0] == "0"
    assert 50 <= int(more[1]) - int(few[1]) <= 62
    assert refused[0] != "0"
    assert refused[2] == "True"
    assert int(refused[1]) < 512


@pytest.mark.slow
def test_a_table_is_printed(tmp_path: Path) -> None:
    arguments = [
        "--kinds",
        "windows",
        "frames",
        "--mib",
        "1",
        "--times",
        "1",
        "3",
        "--scratch",
        str(tmp_path),
    ]
    made = subprocess.run(
        [sys.executable, str(BENCHMARKS / "memory.py"), *arguments], capture_output=True, text=True, timeout=900,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-3000:]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in made.stdout.splitlines()
        if line[:1] == "|"
    ]
    assert [row[:2] for row in rows[2:]] == [
        ["windows", "1"],
        ["windows", "3"],
        ["frames", "1"],
        ["frames", "3"],
    ]
    for row in rows[2:]:
        assert 100 < float(row[2]) < 1024
    assert "frames: " in made.stdout
    assert list(tmp_path.iterdir()) == []
