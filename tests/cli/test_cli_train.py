"""`train` and `show`: what they print."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tiny import CONV, TABLE, TREES, recipe, table_folder
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.cli.scores import score_lines

runner = CliRunner()
MEMBERS = {"trees": TREES, "linear": {"model": "logistic"}}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    values = recipe(TABLE, table_folder(tmp_path / "data"), MEMBERS, metric="accuracy")
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(values, sort_keys=False))
    return file


def said(*words: str | Path) -> str:
    made = runner.invoke(app, [str(word) for word in words])
    assert made.exit_code == 0, made.output
    return made.stdout


def test_train_prints_counts_jobs_scores_and_what_to_type_next(written: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    text = said("train", written, "-o", run)
    assert "groups in each class and fold" in text
    assert "[6/6] linear fold 2 done; accuracy so far" in text
    table = text[text.index("out-of-fold scores") :].splitlines()
    assert [line.split()[0] for line in table[2:7]] == ["trees", "linear", "ensemble", "floor", "sample"]
    assert "bootstrap over groups, 6 of them" in text
    assert f"holdfast submit {run} -o submission.csv" in text
    assert f"holdfast show {run}" in text


def test_train_again_trains_nothing_again(written: Path, tmp_path: Path) -> None:
    said("train", written, "-o", tmp_path / "run")
    text = said("train", written, "-o", tmp_path / "run")
    assert "6 jobs (members x folds), 6 finished before" in text
    assert "done;" not in text


def test_set_overrides_and_fresh_takes_another_folder(written: Path, tmp_path: Path) -> None:
    said("train", written, "-o", tmp_path / "run")
    changed = ["train", str(written), "-o", str(tmp_path / "run"), "--set", "folds.k=2"]
    refused = runner.invoke(app, changed)
    assert refused.exit_code == 2
    assert "+  k: 2" in refused.stderr
    assert "4 jobs" in said(*changed, "--fresh")
    assert (tmp_path / "run-2" / "scores.json").is_file()


def test_show_has_classes_folds_and_other_metrics(written: Path, tmp_path: Path) -> None:
    said("train", written, "-o", tmp_path / "run")
    text = said("show", tmp_path / "run")
    assert "class  precision  recall" in text
    assert "accuracy fold by fold" in text
    assert "macro_f1" in text
    assert "holdfast submit" in text


def test_show_says_what_an_unfinished_run_lacks(written: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    said("train", written, "-o", run)
    (run / "scores.json").unlink()
    (run / "members" / "linear" / "fold-1" / "done.json").unlink()
    text = said("show", run)
    rows = [line.split() for line in text.splitlines()]
    assert ["trees", "0", "1", "2", "-", "-"] in rows
    assert ["linear", "0", "2", "1", "-"] in rows
    assert f"-o {run}" in text


def test_show_of_no_run_says_how_to_make_one(tmp_path: Path) -> None:
    made = runner.invoke(app, ["show", str(tmp_path)])
    assert made.exit_code == 2
    assert "holdfast train" in made.stderr


def test_intervals_made_in_two_ways_name_who_has_which() -> None:
    def score(how: str) -> dict[str, object]:
        return {"value": 1.0, "low": 0.9, "high": 1.0, "how": how, "units": 9}

    lines = score_lines(
        {
            "metric": "accuracy",
            "greater_is_better": True,
            "members": {"a": {"accuracy": score("Wilson")}, "ensemble": {"accuracy": score("Wilson")}},
            "floor": {"accuracy": score("bootstrap")},
        }
    )
    assert "intervals: Wilson, 9 of them (a, ensemble)" in lines
    assert "intervals: bootstrap, 9 of them (floor)" in lines


def test_a_network_reports_epochs_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from holdfast.cli.progress import Progress

    epochs = CONV["fit"]["epochs"]
    with Progress(terminal=True) as progress:
        progress({"event": "run", "run": "runs/x", "jobs": 2, "finished": 1, "at_a_time": 2})
        progress({"event": "start", "job": "conv fold 0"})
        progress(
            {
                "event": "epoch",
                "job": "conv fold 0",
                "epoch": 0,
                "epochs": epochs,
                "train_loss": 0.5,
                "watch_loss": 0.25,
            }
        )
        assert progress.shown.shares == {"conv fold 0": 1 / epochs}  # type: ignore[attr-defined]
        done = {"metric": "accuracy", "value": 0.5, "low": 0.25, "high": 0.75}
        progress({"event": "done", "job": "conv fold 0", "member": "conv", **done})
    assert "accuracy so far 0.5000 [0.2500, 0.7500]" in capsys.readouterr().out


def test_what_calibration_changed_is_said_and_only_that() -> None:
    one = {"value": 1.0, "low": 0.9, "high": 1.0, "how": "bootstrap over groups", "units": 5}
    better = {**one, "value": 0.5}
    lines = score_lines(
        {
            "metric": "log_loss", "greater_is_better": False,
            "members": {"a": {"log_loss": better}, "b": {"log_loss": one}, "ensemble": {"log_loss": one}},
            "floor": {"log_loss": one}, "before": {"a": {"log_loss": one}, "b": {"log_loss": one}},
        }
    )  # fmt: skip
    assert "calibrated, by other folds' rows: a 1.0000 → 0.5000" in lines
    assert not any("postprocessed" in line for line in lines)
