"""The demo: its data, and the whole way once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.plan.demo_data import write_basic_motions
from holdfast.store.run import Run


def test_basic_motions_is_written_as_a_contest_would_hand_it_out(tmp_path: Path) -> None:
    write_basic_motions(tmp_path)
    train, sample = pd.read_csv(tmp_path / "train.csv"), pd.read_csv(tmp_path / "sample_submission.csv")
    with np.load(tmp_path / "train.npz") as arrays:
        assert arrays["x"].shape == (40, 100, 6)
        assert np.isfinite(arrays["x"]).all()
    assert train["activity"].value_counts().to_dict() == dict.fromkeys(
        ["standing", "running", "walking", "badminton"], 10
    )
    assert list(pd.read_csv(tmp_path / "test.csv").columns) == ["id"]
    assert not set(sample["id"]) & set(train["id"])


def test_written_again_the_files_stay(tmp_path: Path) -> None:
    write_basic_motions(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_basic_motions(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_the_demo_goes_the_whole_way_and_again_trains_nothing(tmp_path: Path) -> None:
    for again in (False, True):
        made = CliRunner().invoke(app, ["demo", "-o", str(tmp_path / "demo")])
        assert made.exit_code == 0, made.output
        assert ("10 finished before" in made.stdout) == again
        assert "no groups are known here" in made.stdout
        assert "next: holdfast show" in made.stdout
    scores = Run(tmp_path / "demo" / "run").scores
    assert scores["members"]["ensemble"]["accuracy"]["value"] > 0.9
    assert scores["floor"]["accuracy"]["value"] == 0.25
    assert len(pd.read_csv(tmp_path / "demo" / "submission.csv")) == 40
