"""The benchmark of MiniRocket runs, at the smallest size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "rocket.py"


@pytest.mark.slow
def test_both_contestants_have_a_row_and_both_bars_a_verdict() -> None:
    small = ("--sizes", "80x20x2", "--rounds", "1", "--threads", "1", "--kernels", "84", "--k", "2")
    made = subprocess.run([sys.executable, str(SCRIPT), *small], capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr[-3000:]
    rows = [line for line in made.stdout.splitlines() if line.startswith("| 80 × 20 × 2")]
    assert ["Holdfast" in row for row in rows] == [True, False]
    assert made.stdout.count("of by hand, at most") == 2
