"""Commands record what they make; files rebuild it; a ledger out of reach costs no run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import yaml
from tiny import TABLE, TREES, recipe, table_folder
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.store.ledger.opening import open_ledger

runner = CliRunner()
MEMBERS = {"trees": TREES, "linear": {"model": "logistic"}}


def said(*words: str | Path, code: int = 0) -> str:
    made = runner.invoke(app, [str(word) for word in words])
    assert made.exit_code == code, made.output
    return made.output


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe and two finished runs in `runs/`, recorded by the commands that made them."""
    folder = tmp_path_factory.mktemp("team")
    values = recipe(TABLE, table_folder(folder / "data"), MEMBERS, metric="accuracy")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    said("train", folder / "recipe.yaml", "-o", folder / "runs" / "first")
    said("blend", folder / "runs" / "first", "-o", folder / "runs" / "mixed", "--ensemble", "mean")
    return folder


def test_commands_record_what_they_make(team: Path) -> None:
    runs = team / "runs"
    said("refit", runs / "first", "-o", runs / "whole")
    said("compare", runs / "first", runs / "mixed")
    said("compare", runs / "first", runs / "mixed")  # the same again is kept once
    with open_ledger(None, runs) as ledger:
        rows = {row["path"]: row for row in ledger.runs()[0]}
        (compared,) = ledger.comparisons()
    marks = {path: (row["mark"], row["state"], row["members"], row["samples"]) for path, row in rows.items()}
    assert marks == {
        "first": ("", "finished", 2, 36), "mixed": ("blend", "finished", 2, 36), "whole": ("refit", "finished", 2, 36),
    }  # fmt: skip
    assert (rows["first"]["folds"], rows["first"]["repeats"], rows["first"]["groups"]) == (3, 1, 6)
    assert (compared["first"], compared["other"]) == ("first", "mixed")
    assert compared["verdict"] == "can't tell"
    (runs / "ledger.db").unlink()
    for file in runs.glob("ledger.db-*"):
        file.unlink()
    assert f"3 run folders of {runs}" in said("ledger", "rebuild", runs)
    with open_ledger(None, runs) as ledger:
        again = {row["path"]: {**row, "seen": ""} for row in ledger.runs()[0]}
        assert again == {path: {**row, "seen": ""} for path, row in rows.items()}
        assert ledger.comparisons() == [compared]


def test_a_ledger_out_of_reach_costs_no_run(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LEDGER", str(team / "recipe.yaml"))  # which is no database
    text = said("train", team / "recipe.yaml", "-o", team / "runs" / "first")
    (warning,) = [line for line in text.splitlines() if line.startswith("warning: ")]
    assert "file is not a database" in warning
    assert "holdfast ledger rebuild" in warning


def test_damage_is_named_and_a_wrong_folder_refused(tmp_path: Path) -> None:
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "recipe.yaml").write_text("{a: [")
    text = said("ledger", "rebuild", tmp_path)
    assert f"warning: {tmp_path / 'torn'} is damaged: recipe.yaml" in text
    assert "there is no such folder" in said("ledger", "rebuild", tmp_path / "none", code=2)


KAGGLE = """#!{python}
import os, pathlib, sys
folder = pathlib.Path(__file__).parent
words = sys.argv[1:]
file = pathlib.Path(words[words.index("-f") + 1])
assert words[:2] == ["competitions", "submit"] and len(words) == 8, words
assert file.read_text().startswith("id,"), "no submission"
(folder / "calls").open("a").write(" | ".join(words) + "\\n")
print("100%|####| 1.00k/1.00k", file=sys.stderr)
how = (folder / "how").read_text()
if how == "refused":
    sys.exit("403 Client Error: Forbidden")
print(dict(sent="Successfully submitted to Rain", upload="Could not submit to competition", odd="Bonjour")[how])
"""


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in of Kaggle's program on the PATH, which checks what it gets and ends as the file `how` says."""
    program = tmp_path / "bin" / "kaggle"
    program.parent.mkdir()
    program.write_text(KAGGLE.format(python=sys.executable))
    program.chmod(0o755)
    (program.parent / "how").write_text("sent")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program.parent


def send(team: Path, file: Path, code: int = 0) -> str:
    return said(
        "submit", team / "runs" / "first", "-o", file, "--force", "--send", "kaggle", "--competition", "rain",
        "--message", "the first", code=code,
    )  # fmt: skip


def test_sending_counts_before_and_not_where_it_fails(team: Path, kaggle: Path, tmp_path: Path) -> None:
    runs, file = team / "runs", tmp_path / "first.csv"
    said("submissions", "budget", "--runs", runs, "--limit", "2/day", "--team")
    text = send(team, file)
    assert "kaggle: Successfully submitted to Rain" in text
    assert "1 of 2 of the team used" in text
    for how, why in (
        ("refused", "403 Client Error: Forbidden"),
        ("upload", "Could not submit to competition"),
    ):
        (kaggle / "how").write_text(how)
        text = send(team, file, code=1)
        assert why in text
        assert "it does not count" in text
    assert "1 of 2 of the team used" in said("submissions", "budget", "--runs", runs)
    (kaggle / "how").write_text("odd")
    assert "does not say that it was submitted" in send(team, file)  # so that it counts
    calls = (kaggle / "calls").read_text()
    assert calls.count("\n") == 4
    assert calls.splitlines()[0] == f"competitions | submit | -c | rain | -f | {file} | -m | the first"
    file.unlink()
    assert "all 2 of the team's submissions" in send(team, file, code=2)
    assert (kaggle / "calls").read_text() == calls
    assert not file.exists()
    with open_ledger(None, runs) as ledger:
        ledger.rebuild()
        states = [row["state"] for row in ledger.submissions()]
    assert states == ["sent", "withdrawn", "withdrawn", "sending"]


def test_what_sending_needs(team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["submit", team / "runs" / "first", "-o", tmp_path / "a.csv", "--send"]
    assert "name the competition" in said(*words, "kaggle", code=2)
    assert "expected kaggle, got 'mail'" in said(*words, "mail", "--competition", "rain", code=2)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pip install kaggle" in said(*words, "kaggle", "--competition", "rain", code=2)
    assert not (tmp_path / "a.csv").exists()
