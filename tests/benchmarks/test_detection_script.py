"""The table of detection rates, at the smallest size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "detection.py"


def test_rates_and_false_alarms_of_one_check_are_printed_and_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    words = ["--seeds", "1", "--codes", "HF202", "--kinds", "table", "--write", str(page)]
    made = subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr[-3000:]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in made.stdout.splitlines()
        if line[:1] == "|"
    ]
    assert rows[2] == ["HF202", "table", "contradictions", "1: 1 of 1", "2: 1 of 1", "5: 1 of 1"]
    assert rows[-1] == ["persons", "table", "1", "none"]
    assert "## Planted faults" in page.read_text()
