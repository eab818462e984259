"""The benchmark scripts run, at the smallest size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny

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


def lines_of(said: str) -> list[list[str]]:
    """The cells of a printed table, without its header and rule."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in said.splitlines()
        if line.startswith("|")
    ]
    return cells[2:]


@pytest.mark.slow
def test_peers_stand_beside_holdfast_and_resume_by_fold(competitions: Path, tmp_path: Path):
    out, page = tmp_path / "out", tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\n## Another\n\nstays\n")
    asked = ("--presets", "fast", "--sets", "small", "--peers", "svc,lightgbm,minirocket", "--threads", "1")
    arguments = (str(competitions), *asked, "--out", str(out), "--write", str(page))
    first = run("sensors.py", *arguments)
    rows = {row[1]: row for row in lines_of(first)}
    assert list(rows) == ["Holdfast fast", "SVC rbf C=10", "LightGBM 200 trees"]  # MiniRocket takes no tables
    for row in rows.values():
        assert row[0] == "small"
        assert row[2] == "accuracy"
        assert float(row[3]) > 0.7
        assert row[5] == "5 of 5"
    written = page.read_text()
    assert "## Another\n\nstays\n" in written
    assert written.count("## Sensors") == 1
    assert "1 cores" in written
    assert "lightgbm " in written
    assert rows["SVC rbf C=10"][3] in written

    file = out / "peers.jsonl"
    kept = file.read_text().splitlines()
    assert len(kept) == 10
    file.write_text("\n".join(kept[1:]) + "\n")  # as if fold 0 of the first peer had never been trained
    again = run("sensors.py", *arguments)
    assert file.read_text().splitlines()[:9] == kept[1:]
    assert [row[:6] for row in lines_of(again)] == [row[:6] for row in lines_of(first)]
    assert page.read_text().count("## Sensors") == 1


@pytest.mark.slow
def test_habits_stand_beside_the_honest_recipe_and_resume_by_fold(tmp_path: Path):
    folder = tiny.long_folder(tmp_path / "motion", groups=8, each=6)
    arguments = (
        str(folder), "--epochs", "2", "--folds", "3", "--folds-used", "2", "--width", "4", "--threads", "1",
        "--out", str(tmp_path / "out"),
    )  # fmt: skip
    first = run("habits.py", *arguments)
    assert "6 people train (36 windows), 2 are kept out (g3, g7; 12 windows)" in first
    published, honest = lines_of(first)
    assert published[:2] == [
        "published",
        "scaler_before_split, one_roll, watch_scored_fold, folds_ignore_groups",
    ]
    assert honest[:2] == ["honest", "none"]
    for row in (published, honest):
        claim, held, gap = float(row[2]), float(row[3].split()[0]), float(row[4])
        assert held - claim == pytest.approx(gap, abs=2e-4)
    file = tmp_path / "out" / "habits.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(row["variant"], row["fold"]) for row in rows] == [
        ("published", 0),
        ("published", 1),
        ("honest", 0),
        ("honest", 1),
    ]
    assert all(bool(row["habits"]) == (row["variant"] == "published") for row in rows)
    with_each = lines_of(run("habits.py", *arguments, "--each"))
    assert [json.loads(line) for line in file.read_text().splitlines()][:4] == rows
    assert len(file.read_text().splitlines()) == 12
    assert [row[0] for row in with_each] == [
        "published",
        "published, without scaler_before_split",
        "published, without one_roll",
        "published, without watch_scored_fold",
        "published, without folds_ignore_groups",
        "honest",
    ]
    assert with_each[0] == published
    assert with_each[-1] == honest


def test_agreement_has_a_row_for_each_true_correlation_and_more_alarms_where_the_two_part():
    said = run("agreement.py", "--contests", "40", "--runs", "10")
    rows = [line.split("|")[1:3] for line in said.splitlines() if line.startswith("|")][2:]
    alarms = {float(true): float(alarm.strip().rstrip("%")) for true, alarm in rows}
    assert list(alarms) == [0.8, 0.5, 0.0, -0.5]
    assert alarms[-0.5] > alarms[0.5]
