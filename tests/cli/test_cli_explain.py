"""`holdfast explain`: what it prints, stores and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import TABLE, TREES, recipe, table_folder
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.store.run import Run
from holdfast.train import train

runner = CliRunner()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    return train(recipe(TABLE, table_folder(folder / "data"), {"trees": TREES}), folder / "run")


def test_lists_mistakes_and_confusions_and_says_where_they_are(run: Run) -> None:
    made = runner.invoke(app, ["explain", str(run.path), "--count", "2", "--force"])
    assert made.exit_code == 0, made.output
    lines = made.stdout.splitlines()
    assert "trees: worst mistakes out of fold" in lines
    head = lines.index("trees: worst mistakes out of fold") + 1
    assert lines[head].split() == ["id", "fold", "truth", "its", "share", "said", "its", "share"]
    first = lines[head + 1].split()
    oof = run.oof.set_index("id")
    assert first[1] == str(oof.loc[first[0], "fold"])
    assert first[2] == oof.loc[first[0], "truth"] != first[4]
    assert float(first[3]) < float(first[5])
    assert sum(line.startswith("class: ") and " of 36 right; " in line for line in lines) == 1
    assert (
        f"stored: {run.path / 'explain' / 'mistakes.csv'}, {run.path / 'explain' / 'confusion.json'}" in lines
    )


def test_overwrites_only_with_force(run: Run) -> None:
    assert runner.invoke(app, ["explain", str(run.path), "--force"]).exit_code == 0
    made = runner.invoke(app, ["explain", str(run.path)])
    assert made.exit_code == 2
    assert made.stderr.count("\n") == 1
    assert "--force" in made.stderr


def test_bad_input_is_one_message(tmp_path: Path, run: Run) -> None:
    for words, message in (
        ([str(tmp_path)], "is no run folder"),
        ([str(run.path), "--member", "tree", "--force"], "did you mean 'trees'"),
    ):
        made = runner.invoke(app, ["explain", *words])
        assert made.exit_code == 2
        assert message in made.stderr


def test_help_says_that_pictures_can_be_left_out() -> None:
    made = runner.invoke(app, ["explain", "--help"])
    assert "--no-samples" in made.stdout
