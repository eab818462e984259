"""From a continuous recording to scores and a submission."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tiny
from recordings import RECORDINGS, recordings_folder

from holdfast.submit.write import write_submission
from holdfast.train import train

CUT = {"length": 16, "hop": 8}
STEPS = [
    "gap_mask", "kalman", "lag", "delta", "moving_average", {"gravity": {"rate": 50, "cutoff": 5}}, "standardize",
]  # fmt: skip


def recipe(folder: Path, **over: Any) -> dict[str, Any]:
    conv = {**tiny.CONV, "fit": {"epochs": 1, "batch_size": 16, "precision": "32"}}
    members = {"trees": tiny.TREES, "conv": conv}
    return tiny.recipe({**RECORDINGS, "cut": CUT}, folder, members, prepare=STEPS, **over)  # type: ignore[arg-type]


def test_recordings_in_a_submission_of_windows_out(tmp_path: Path) -> None:
    folder = recordings_folder(tmp_path / "data", **CUT)
    frame = pd.read_csv(folder / "train.csv")
    frame.drop(index=[20, 21, 200]).to_csv(folder / "train.csv", index=False)
    run = train(recipe(folder), tmp_path / "run")
    assert run.finished
    index = pd.read_parquet(run.path / "oof.parquet")
    assert len(index) == 6 * 11
    assert (index["group"] == index["id"].str.split("-").str[0]).all()
    assert (index.groupby("group")["fold"].nunique() == 1).all(), "a recording is scored by one fold"
    assert run.scores["members"]["trees"]["log_loss"]["value"] < np.log(3)
    made = write_submission(run, tmp_path / "submission.csv")
    assert list(made["recording"]) == list(pd.read_csv(folder / "sample.csv")["recording"])


def test_one_recording_split_by_time(tmp_path: Path) -> None:
    folder = recordings_folder(tmp_path / "data", **CUT)
    frame = pd.read_csv(folder / "train.csv")
    frame = frame.assign(recording="r", time=np.arange(len(frame)) * 0.02)
    frame.to_csv(folder / "train.csv", index=False)
    plain = recipe(folder, folds={"kind": "blocks", "k": 3, "guard": 16})
    plain["members"] = {"trees": tiny.TREES}
    run = train(plain, tmp_path / "run")
    assert run.finished
    assert any("one recording" in note for note in run.scores["notes"])
