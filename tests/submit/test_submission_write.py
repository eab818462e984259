"""Where a submission goes, and what is refused."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest
import typer
from competition import IDS, THREE_CLASSES, trained_run
from typer.testing import CliRunner

from holdfast.cli.submit import submit
from holdfast.errors import BadInput
from holdfast.submit.build import submission
from holdfast.submit.write import write_submission


@pytest.fixture
def trained(tmp_path):
    """`trained(labels, sample, …)`: the finished run of a tiny competition."""
    return partial(trained_run, tmp_path)


@pytest.fixture
def run(trained):
    return trained(THREE_CLASSES, pd.DataFrame({"id": IDS, "label": "walk"}), metric="accuracy")


def test_never_overwrites_without_force(run, tmp_path):
    output = tmp_path / "out.csv"
    output.write_text("mine")
    with pytest.raises(BadInput, match=r"exists already; .* --force"):
        write_submission(run, output)
    assert output.read_text() == "mine"
    write_submission(run, output, force=True)
    assert output.read_text().startswith("id,label\n007,")


def test_folder_other_ending_and_unknown_member_are_refused(run, tmp_path):
    (tmp_path / "there.csv").mkdir()
    for output, says in ((tmp_path / "there.csv", "is a folder"), (tmp_path / "out.txt", "ends with .csv")):
        with pytest.raises(BadInput, match=says):
            write_submission(run, output, force=True)
    with pytest.raises(BadInput, match="no member 'oen'; did you mean 'one'"):
        submission(run, "oen")


def test_run_without_a_test_file_says_so(run):
    (run.path / "test-ensemble.npy").unlink()
    with pytest.raises(BadInput, match=r"did the recipe name data\.test"):
        submission(run)


def test_unfinished_run_is_refused(run, tmp_path):
    (run.path / "scores.json").unlink()
    with pytest.raises(BadInput, match="not finished"):
        write_submission(type(run)(run.path), tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_command_says_what_it_wrote(run, tmp_path):
    app = typer.Typer()
    app.command()(submit)
    result = CliRunner().invoke(app, [str(run.path), "-o", str(tmp_path / "out.csv"), "--member", "one"])
    assert result.exit_code == 0, result.output
    assert "8 rows and 2 columns, as the sample has them" in result.output
    assert "one: out-of-fold accuracy" in result.output
