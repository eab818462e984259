"""`check`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from tiny import TABLE, TREES, recipe, table_folder
from typer.testing import CliRunner, Result

from holdfast.check.all import all_checks
from holdfast.cli.main import app
from holdfast.store.run import Run
from holdfast.train import train

runner = CliRunner()


def checked(*words: str | Path) -> Result:
    return runner.invoke(app, ["check", *(str(word) for word in words)])


def findings(*words: str | Path) -> dict[str, dict[str, Any]]:
    made = checked(*words, "--json")
    assert made.exception is None or isinstance(made.exception, SystemExit), made.exception
    return {one["code"]: one for one in json.loads(made.stdout)}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Simulated data without a leak across folds; the test rows are training rows."""
    file = tmp_path / "recipe.yaml"
    values = recipe(TABLE, table_folder(tmp_path / "data"), {"trees": TREES}, metric="accuracy")
    file.write_text(yaml.safe_dump(values, sort_keys=False))
    return file


def plant(written: Path) -> None:
    """A row of the first subject again in every other, under the same class."""
    file = written.parent / "data" / "train.csv"
    frame = pd.read_csv(file)
    columns = ["f1", "f2", "f3", "f4"]
    frame.loc[[7, 13, 19, 25, 31], columns] = frame.loc[[1] * 5, columns].to_numpy()
    frame.to_csv(file, index=False)


def test_every_check_reports_and_test_rows_are_named(written: Path) -> None:
    made = findings(written)
    assert list(made) == [one.code for one in all_checks()]
    assert made["HF101"]["status"] == "passed"
    assert made["HF107"]["status"] == "found"
    assert ["s000", "t000"] in made["HF107"]["ids"]
    assert made["HF107"]["anchor"] == "docs/checks/hf107.md"


def test_an_error_stands_until_it_is_accepted(written: Path) -> None:
    before = [
        code
        for code, one in findings(written).items()
        if (one["status"], one["severity"]) == ("found", "error")
    ]
    plant(written)
    accept = [word for code in before for word in ("--accept", code)]
    made = checked(written, *accept)
    assert made.exit_code == 1
    assert "HF101 error: 12 pairs of equal samples" in made.stdout  # of 15, three lie in one fold
    assert "… (12 in all)" in made.stdout
    assert "docs/checks/hf101.md" in made.stdout
    assert "errors that stand: 1" in made.stdout
    accepted = checked(written, *accept, "--accept", "HF101")
    assert accepted.exit_code == 0, accepted.output
    assert "errors that stand: 0" in accepted.stdout


def test_a_run_is_checked_with_its_predictions(written: Path, tmp_path: Path) -> None:
    train(written, tmp_path / "run")
    listed = tmp_path / "labels.csv"
    made, before = findings(tmp_path / "run", "--suspects", listed), findings(written)
    assert sorted(pd.read_csv(listed)["id"]) == sorted(
        pd.read_csv(written.parent / "data" / "train.csv")["id"]
    )
    for check in all_checks():
        if check.when == "oof":
            assert "no out-of-fold predictions" in before[check.code]["said"]
            assert "no out-of-fold predictions" not in made[check.code]["said"]
    assert made["HF107"]["ids"] == before["HF107"]["ids"]


def test_wrong_words_end_with_one_message(written: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for words, said in (
        ([written, "--accept", "HF999"], "no check has the code 'HF999'"),
        ([empty], "is no run folder"),
        ([written, "--data", tmp_path], "--data: it is for run folders"),
        ([empty, "--set", "folds.k=2"], "--set"),
        ([written, "--suspects", tmp_path / "labels.csv"], "name a finished run"),
    ):
        made = checked(*words)
        assert made.exit_code == 2
        assert made.stderr.count("\n") == 1
        assert said in made.stderr


def trained(written: Path, *words: str) -> Result:
    output = written.parent / "run"
    return runner.invoke(app, ["train", str(written), "-o", str(output), "--engine", "inline", *words])


def test_train_stops_at_an_error_before_it_writes(written: Path) -> None:
    plant(written)
    made = trained(written)
    assert made.exit_code == 2
    for said in (
        "HF101 error: 12 pairs of equal samples",
        "(12 in all)",
        "to do: keep one",
        "add --accept HF101",
    ):
        assert said in made.stderr
    assert not (written.parent / "run").exists()


def test_accepted_errors_stay_accepted(written: Path) -> None:
    plant(written)
    made = trained(written, "--accept", "HF101", "--accept", "HF102")
    assert made.exit_code == 0, made.output
    assert "check: HF101 accepted: 12 pairs" in made.stdout
    run = written.parent / "run"
    shown = runner.invoke(app, ["show", str(run)]).stdout
    assert "HF101  accepted  12 pairs of equal samples" in shown
    assert "errors that stand: 0" in checked(run).stdout  # without --accept
    assert trained(written).exit_code == 0


def test_a_run_keeps_what_every_check_said(written: Path) -> None:
    made = trained(written)
    assert made.exit_code == 0, made.output
    assert "check: HF107 warning: 8 of 8 test samples" in made.stdout
    run = Run(written.parent / "run")
    kept = {one["code"]: one for one in run.findings["findings"]}
    assert sorted(kept) == [one.code for one in all_checks()]
    assert len(kept) == len(run.findings["findings"])
    assert "by trees's predictions" in kept["HF402"]["said"]  # of the test set too
    assert kept == findings(run.path)


def test_what_was_looked_at_is_not_looked_at_again(written: Path) -> None:
    trained(written)
    file = written.parent / "run" / "findings.json"
    held = json.loads(file.read_text())
    for part in ("before", "after"):
        held[part]["findings"][0]["said"] = "as it was kept"
    file.write_text(json.dumps(held))
    assert trained(written).exit_code == 0
    assert file.read_text().count("as it was kept") == 2
    held["before"]["mark"] = "of other data"
    file.write_text(json.dumps(held))
    assert trained(written).exit_code == 0
    assert "as it was kept" not in file.read_text()


def test_train_knows_its_codes(written: Path) -> None:
    made = trained(written, "--accept", "HF1O1")
    assert made.exit_code == 2
    assert "--accept: no check has the code 'HF1O1'; did you mean 'HF101'" in made.stderr
