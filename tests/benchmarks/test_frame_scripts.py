"""The benchmark scripts of frames run, at the smallest size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from holdfast.testing.samples import tiny_data

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script: str, *arguments: str) -> str:
    made = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *arguments], capture_output=True, text=True, timeout=600
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return made.stdout


def lines_of(said: str) -> list[list[str]]:
    """The cells of the printed tables' rows."""
    lines = [line for line in said.splitlines() if line.startswith("|") and not line.startswith("| :")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def radar_folder(folder: Path) -> Path:
    """Simulated showers of six events, as files of a contest's form."""
    data = tiny_data("frames", groups=6, each=8)
    (folder / "train").mkdir(parents=True)
    codes = (np.concatenate([data.read(), data.read_grids()], axis=1) * 100).astype(np.uint16)
    for name, one in zip(data.ids, codes):
        np.save(folder / "train" / f"{name}.npy", one.transpose(1, 2, 0))
    times = pd.Timestamp("2020-05-01") + pd.to_timedelta(10 * np.arange(len(data)), unit="min")
    frame = pd.DataFrame({"id": data.ids, "event": data.groups, "time": times.strftime("%Y-%m-%dT%H:%M:%S")})
    frame.to_csv(folder / "train.csv", index=False)
    return folder


@pytest.mark.parametrize("script", ["frames.py", "frames_split.py"])
def test_help_says_what_is_measured(script: str) -> None:
    assert "usage:" in (said := run(script, "--help"))
    assert "Holdfast" in said or "holdfast" in said


@pytest.mark.slow
def test_networks_race_and_a_streamed_set_stays_under_its_cap() -> None:
    said = run(
        "frames.py", "--no-keras", "--rounds", "1", "--steps", "1", "--batch", "2", "--width", "2", "--side", "32",
        "--threads", "1", "--cap", "64", "--times", "2",
    )  # fmt: skip
    rows = lines_of(said)
    raced = {(row[0], row[1], row[2]): row for row in rows if row[0] in ("unet", "unet_conv_lstm")}
    for network in ("unet", "unet_conv_lstm"):
        for task in ("training", "inference"):
            for name in ("Holdfast float32", "bare torch float32"):
                row = raced[network, task, name]
                assert float(row[3]) > 0
                assert float(row[5]) >= 0
    assert "matmul float32" in said
    memory, streamed = (next(row for row in rows if row[0] == name) for name in ("in memory", "streamed"))
    assert memory[1:3] == ["no", "none"]
    assert streamed[1:3] == ["yes", "64"]
    assert (
        float(streamed[5]) < 64 < float(memory[5])
    )  # the whole set, 256 MiB as float32, is held by one only
    assert "streamed ÷ in memory, set 2 times the cap: " in said


@pytest.mark.slow
def test_windows_claim_and_events_claim_beside_events_kept_out(tmp_path: Path) -> None:
    folder = radar_folder(tmp_path / "radar")
    arguments = (
        str(folder), "--unit", "0.01 mm/h", "--epochs", "1", "--width", "2", "--k", "2", "--threads", "1",
        "--out", str(tmp_path / "out"),
    )  # fmt: skip
    said = run("frames_split.py", *arguments)
    assert "4 events train (32 samples), 2 are kept out (g2, g5; 16 samples)" in said
    head, *rows = lines_of(said)
    assert head[:4] == ["folds of", "mae claimed", "on events kept out", "gap"]
    assert [row[0] for row in rows] == ["random windows", "events", "(persistence)"]
    for row in rows:
        assert row[3] != "–"
        for claim, got, gap in (each for each in (row[1:4], row[4:7], row[7:10]) if each[2] != "–"):
            assert float(got.split()[0]) - float(claim) == pytest.approx(float(gap), abs=2e-4)
    kept = [json.loads(line) for line in (tmp_path / "out" / "split.jsonl").read_text().splitlines()]
    assert [(one["folds"], one["fold"]) for one in kept] == [
        ("random windows", 0), ("random windows", 1), ("events", 0), ("events", 1),
    ]  # fmt: skip
    assert run("frames_split.py", *arguments) == said
    assert len((tmp_path / "out" / "split.jsonl").read_text().splitlines()) == 4
