"""The benchmark scripts run, at the smallest size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script: str, *arguments: str) -> str:
    made = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *arguments], capture_output=True, text=True, timeout=300
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return made.stdout


@pytest.fixture
def competitions(tmp_path: Path) -> Path:
    """A folder with one small table, simulated, and one that is no competition."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "sets" / "small"
    folder.mkdir(parents=True)
    (tmp_path / "sets" / "other").mkdir()
    (tmp_path / "sets" / "other" / "note.txt").write_text("nothing to learn from")
    for part, rows in (("train", 120), ("test", 30)):
        y = np.arange(rows) % 2
        frame = pd.DataFrame({"id": [f"{part}{i}" for i in range(rows)]})
        for name in "abc":
            frame[name] = y + rng.normal(size=rows)
        if part == "train":
            frame["person"] = np.arange(rows) // 8
            frame["label"] = np.where(y, "walk", "sit")
        frame.to_csv(folder / f"{part}.csv", index=False)
        if part == "test":
            frame[["id"]].assign(label="sit").to_csv(folder / "sample_submission.csv", index=False)
    return tmp_path / "sets"


@pytest.mark.slow
def test_conv1d_prints_a_row_for_each_contestant_and_task():
    said = run("conv1d.py", "--no-keras", "--rounds", "1", "--steps", "1", "--batches", "16", "--width", "4")
    for name in ("Holdfast float32", "bare torch float32"):
        assert sum(name in line and line.startswith("|") for line in said.splitlines()) == 2
    assert "matmul float32" in said


def test_sensors_measures_what_it_can_read_once_and_names_the_rest(competitions: Path, tmp_path: Path):
    arguments = (
        str(competitions),
        "--presets",
        "fast",
        "--metric",
        "small=macro_f1",
        "--out",
        str(tmp_path / "out"),
    )
    first = run("sensors.py", *arguments)
    assert "| small |" in first
    assert "macro_f1" in first
    assert "other is left out" in first
    rows = (tmp_path / "out" / "rows.jsonl").read_text()
    assert run("sensors.py", *arguments) == first
    assert (tmp_path / "out" / "rows.jsonl").read_text() == rows
