"""A refit is what fitting on all rows gives, and claims what the run's out-of-fold rows say, no more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.data.dataset import Dataset
from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.member import fit_member
from holdfast.keys import seed_of
from holdfast.store.run import ENSEMBLE, Run
from holdfast.study.deployed import deployed
from holdfast.study.refit import refit
from holdfast.study.run_data import recipe_of
from holdfast.train import Plan, prepare, train

FIT = {**tiny.CONV["fit"], "patience": 2}  # it watches an inner split


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A network that stops early, an estimator, calibration and a learned blend, over two repeats."""
    folder = tmp_path_factory.mktemp("refit")
    values = tiny.recipe(
        tiny.ARRAYS,
        tiny.array_folder(folder / "data"),
        {"conv": {**tiny.CONV, "fit": FIT}, "linear": {"model": "logistic"}},
        folds={"kind": "stratified_group", "k": 2, "repeats": 2},
        predict={"calibrate": ["temperature"]},
        ensemble="weighted_mean",
    )
    return train(values, folder / "run")


@pytest.fixture(scope="module")
def made(run: Run) -> Run:
    return refit(run.path)


def plan_of(run: Run) -> Plan:
    return prepare(*recipe_of(run))


def test_it_predicts_what_fitting_on_all_rows_predicts(run: Run, made: Run) -> None:
    work = plan_of(run).work
    assert work.test is not None
    for name, member in work.members.items():
        with limited(1):
            seed = seed_of(work.seed, name, 0, 0)
            fitted = fit_member(member, work.train, work.target, seed, 1)
            said = fitted.predict(work.test)
        folder = made.path / "members" / name / "all"
        assert np.array_equal(np.load(folder / "test.npy"), said)
        assert not (folder / "oof.npy").exists()


def test_the_run_out_of_fold_score_is_its_only_claim(run: Run, made: Run) -> None:
    assert made.path == run.path.with_name("run-refit")
    for key in ("metric", "members", "floor", "sample", "per_class"):
        assert made.scores[key] == run.scores[key]
    assert made.scores["refit"] == {"run": str(run.path), "members": ["conv", "linear"], "rows": 36}
    with pytest.raises(BadInput, match="held none out"):
        made.oof  # noqa: B018


def test_what_is_loaded_again_predicts_the_same(run: Run, made: Run) -> None:
    test = plan_of(run).work.test
    assert isinstance(test, Dataset)
    said = deployed(made.path).predict(test)
    for name in ("conv", "linear", ENSEMBLE):
        assert np.array_equal(said[name], made.test_predictions(name))
    assert np.allclose(said[ENSEMBLE].sum(axis=1), 1)


def test_fewer_members_claim_what_they_get_together(run: Run, tmp_path: Path) -> None:
    one = refit(run.path, ["linear"], tmp_path / "one")
    assert list(one.scores["members"]) == ["linear", ENSEMBLE]
    assert one.scores["members"]["linear"] == run.scores["members"]["linear"]
    assert one.scores["members"][ENSEMBLE] == run.scores["members"]["linear"]
    assert not (one.path / "members" / "conv").exists()


def test_show_and_submit_work_and_say_that_nothing_was_held_out(run: Run, made: Run, tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["show", str(made.path)])
    assert shown.exit_code == 0, shown.output
    assert "none was held out" in shown.output
    file = tmp_path / "submission.csv"
    sent = CliRunner().invoke(app, ["submit", str(made.path), "-o", str(file)])
    assert sent.exit_code == 0, sent.output
    assert "none was held out" in sent.output
    assert len(file.read_text().splitlines()) == 9
    plain = CliRunner().invoke(app, ["show", str(run.path)])
    assert "held out" not in plain.output


def test_it_resumes_and_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "again"

    class Killed(Exception): ...

    def killed(event: dict[str, Any]) -> None:
        if event["event"] == "done":
            raise Killed

    with pytest.raises(Killed):
        refit(run.path, output=out, report=killed)
    with pytest.raises(BadInput, match="no run folder"):
        Run(out)
    with pytest.raises(BadInput, match="of other members"):
        refit(run.path, ["linear"], out)
    events: list[dict[str, Any]] = []
    again = CliRunner().invoke(app, ["refit", str(run.path), "-o", str(out)])
    assert again.exit_code == 0, again.output
    assert "1 finished before" in again.output
    with pytest.raises(BadInput, match="is finished; name another"):
        refit(run.path, output=out, report=events.append)
    assert not events


@pytest.mark.parametrize("what", ["unfinished", "other data", "another member", "a refit"])
def test_what_cannot_be_refitted_is_refused(run: Run, made: Run, tmp_path: Path, what: str) -> None:
    path, members = tmp_path / "run", None
    shutil.copytree(run.path, path)
    environment = path / "environment.json"
    facts = json.loads(environment.read_text())
    environment.write_text(json.dumps({**facts, "recipe_folder": str(Path.cwd())}))
    if what == "unfinished":
        (path / "scores.json").unlink()
    elif what == "other data":
        done = path / "members/conv/fold-1/done.json"
        done.write_text(json.dumps({**json.loads(done.read_text()), "hash": "0"}))
    elif what == "another member":
        members = ["lineal"]
    else:
        path = made.path
    words = {
        "unfinished": "not finished",
        "other data": "conv fold 1 is not as",
        "another member": "linear",
        "a refit": "refit itself",
    }
    with pytest.raises(BadInput, match=words[what]):
        refit(path, members, tmp_path / "out")
    assert not (tmp_path / "out").exists()
