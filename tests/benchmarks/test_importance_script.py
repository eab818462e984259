"""benchmarks/importance.py runs, at the smallest size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "importance.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A table of six people: three columns that tell the class, two of them copies, and noise. Simulated."""
    rng = np.random.default_rng(0)
    made = tmp_path / "small"
    made.mkdir()
    for part, rows in (("train", 120), ("test", 20)):
        y = rng.integers(0, 2, rows)
        frame = pd.DataFrame(
            {"id": [f"{part}{i}" for i in range(rows)], "a": y + 0.3 * rng.normal(size=rows)}
        )
        frame["b"] = 1 - frame["a"]
        frame["c"] = y + 0.5 * rng.normal(size=rows)
        for name in "defg":
            frame[name] = rng.normal(size=rows)
        if part == "train":
            frame["person"] = np.arange(rows) // 20
            frame["label"] = np.where(y, "walk", "sit")
        else:
            frame[["id"]].assign(label="sit").to_csv(made / "sample_submission.csv", index=False)
        frame.to_csv(made / f"{part}.csv", index=False)
    return made


@pytest.mark.slow
def test_prints_one_table_of_pairs_of_lists(folder: Path, tmp_path: Path) -> None:
    arguments = [
        "--members",
        "logistic,extra_trees",
        "--top",
        "2",
        "--pairs",
        "1",
        "--out",
        str(tmp_path / "out"),
    ]
    made = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), *arguments], capture_output=True, text=True, timeout=600
    )
    assert made.returncode == 0, made.stderr[-3000:]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in made.stdout.splitlines()
        if line[:1] == "|"
    ]
    assert [row[0].split(",")[0] for row in rows[2:]] == ["holdfast importance"] * 2 + ["one forest each"] * 4
    assert rows[2][3] == "2.0 of 2"  # the two that tell, in both runs
    assert "7 columns in 6 clusters" in made.stdout
