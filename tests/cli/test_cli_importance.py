"""`holdfast importance`: what it prints, stores and refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tiny import TABLE, TREES, recipe, table_folder
from typer.testing import CliRunner

from holdfast.cli.importance import progress
from holdfast.cli.main import app
from holdfast.train import train

runner = CliRunner()
MEMBERS = {"trees": TREES, "linear": {"model": "logistic"}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of other seeds on one table of four columns that all tell the class."""
    folder = tmp_path_factory.mktemp("runs")
    plain = recipe(TABLE, table_folder(folder / "data"), MEMBERS, metric="accuracy")
    return [train({**plain, "seed": seed}, folder / name).path for seed, name in enumerate("ab")]


def said(*words: str | Path) -> str:
    made = runner.invoke(app, ["importance", *map(str, words)])
    assert made.exit_code == 0, made.output
    return made.stdout


def test_help_says_what_it_does() -> None:
    assert "held-out rows" in said("--help")


def test_lists_clusters_agreement_and_the_stable_set(runs: list[Path]) -> None:
    text = said(runs[0], "--repeats", "2", "--top", "3")
    assert "[6/6] linear fold 2" in text
    assert "trees, linear; 3 folds, 2 permutations, up to 500 held-out rows a fold" in text
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if "drop of accuracy" in line)
    assert "in first 3" in lines[head]
    assert "rank, 90% of folds" in lines[head]
    shown = [line.split() for line in lines[head + 1 : head + 4]]
    assert [row[0] for row in shown] == ["1", "2", "3"]
    assert {row[1] for row in shown} < {"f1", "f2", "f3", "f4"}
    assert "Kendall's tau-b" in text
    stored = json.loads((runs[0] / "importance.json").read_text())
    held = [row for row in stored["clusters"] if row["stable"]]
    assert (f"stable: {len(held)} of 4 clusters" in text) if held else ("stable: none" in text)
    assert f"stored: {runs[0] / 'importance.json'}" in text


def test_several_runs_are_compared_and_written(runs: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "both.json"
    text = said(*runs, "--repeats", "1", "--top", "2", "--member", "linear", "--json", file)
    written = json.loads(file.read_text())
    assert [one["run"] for one in written["runs"]] == [str(run) for run in runs]
    (pair,) = written["compared"]
    assert f"{runs[0]} and {runs[1]}: {pair['shared']} of the first 2 clusters in both" in text
    assert all((run / "importance-linear.json").is_file() for run in runs)


def test_moved_data_end_with_one_message_that_offers_data(runs: list[Path], tmp_path: Path) -> None:
    data = runs[0].parent / "data"
    away = Path(shutil.move(data, tmp_path / "away"))
    try:
        made = runner.invoke(app, ["importance", str(runs[0])])
        assert made.exit_code == 2
        assert made.stderr.count("\n") == 1
        assert "train.csv is not there any more" in made.stderr
        assert "--data FOLDER" in made.stderr
        assert "stable" in said(runs[0], "--data", away, "--repeats", "1")
    finally:
        shutil.move(away, data)


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with progress() as report:
        report({"event": "importance", "job": "trees fold 0", "done": 1, "jobs": 2})
    assert "trees fold 0" in capsys.readouterr().out
