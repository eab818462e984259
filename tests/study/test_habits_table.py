"""What habits would claim of a whole recipe: they flatter, say where they can do nothing, resume, and are marked."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.engine.folder import settle
from holdfast.engine.job import Job, Work, run_job
from holdfast.errors import BadInput
from holdfast.fit.estimator import FittedEstimator
from holdfast.metrics.classes import LogLoss
from holdfast.models.boosting import LightGBM
from holdfast.recipe.load import load_recipe
from holdfast.store.run import Run
from holdfast.study.habits_blend import blend_on_same_rows
from holdfast.study.habits_kinds import HABITS
from holdfast.study.habits_table import NAMES, Row, Table, study_habits
from holdfast.study.habits_work import HabitFolder, HabitWork, cut
from holdfast.train import prepare, train

NEAR = {"model": {"knn": {"n_neighbors": 1}}}
LOGISTIC = {"model": "logistic"}
SHORT = {**tiny.CONV, "fit": {**tiny.CONV["fit"], "epochs": 6, "lr": 0.05, "schedule": "constant"}}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def strangers(folder: Path, classes: tuple[int, ...] = (12, 6, 6)) -> Path:
    """Simulated people, each with a place of their own and one class drawn by lot: only who it is can be learned."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(len(classes)), classes))
    X = np.repeat(rng.normal(scale=4, size=(len(y), 4)), 6, axis=0) + rng.normal(
        scale=0.3, size=(6 * len(y), 4)
    )
    frame = pd.DataFrame(X, columns=["f1", "f2", "f3", "f4"])
    frame.insert(0, "label", np.repeat(np.array(tiny.CLASSES)[y], 6))
    frame.insert(0, "subject", np.repeat([f"p{i}" for i in range(len(y))], 6))
    frame.insert(0, "id", [f"s{i}" for i in range(len(frame))])
    folder.mkdir()
    frame.to_csv(folder / "train.csv", index=False)
    return folder


def of_strangers(tmp_path: Path, **over: Any) -> dict[str, Any]:
    data = {key: value for key, value in tiny.TABLE.items() if key not in ("test", "sample")}
    return tiny.recipe(data, strangers(tmp_path / "data"), {"near": NEAR}, metric="accuracy", **over)


def rows_of(table: Table) -> dict[str, Row]:
    return {row.habit: row for row in table.rows}


def test_folds_that_tear_people_and_copies_on_both_sides_claim_more(tmp_path: Path) -> None:
    values = of_strangers(tmp_path)
    rows = rows_of(study_habits(values))
    assert list(rows) == list(NAMES)
    honest = rows["random_folds"].honest
    assert honest.value < 0.6
    for name in ("random_folds", "oversample_before_split"):
        claims = rows[name].claims
        assert claims is not None
        assert claims > honest.high + 0.1, name
        assert rows[name].acts_on == ("near",)
    assert train(values, "plain").scores["members"]["ensemble"]["accuracy"] == honest.plain()


def test_what_can_do_nothing_is_said_and_gets_no_figure(tmp_path: Path) -> None:
    rows = rows_of(study_habits(of_strangers(tmp_path, prepare=[])))
    for name, why in {
        "watch_scored_fold": "no member is a network",
        "scaler_before_split": "no member learns a scale",
        "blend_on_same_rows": "one member, and no calibration",
    }.items():
        assert rows[name].claims is None
        assert rows[name].note.startswith("nothing here can do that")
        assert why in rows[name].note
        assert rows[name].acts_on == ()


def test_medians_that_fill_nothing_are_not_trained_with(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    values = of_strangers(tmp_path, prepare=["impute"])
    made = rows_of(study_habits(values, ["scaler_before_split"], report=events.append))
    assert made["scaler_before_split"].claims is None
    assert "the same from all rows" in made["scaler_before_split"].note
    assert [one["jobs"] for one in events if one["event"] == "run"] == [3, 0]


def test_a_habit_that_changes_no_prediction_gets_no_figure(tmp_path: Path) -> None:
    """A booster of two rounds is best with both."""
    trees = {"trees": {"model": {"lightgbm": {"n_estimators": 2, "min_child_samples": 1}}}}
    data = tiny.table_folder(tmp_path / "data")
    made = rows_of(study_habits(tiny.recipe(tiny.TABLE, data, trees), ["watch_scored_fold"]))
    assert made["watch_scored_fold"].claims is None
    assert made["watch_scored_fold"].note == "changes no prediction here"


Trained = tuple[dict[str, Any], Path]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A recipe of a network and an estimator, and its finished run."""
    folder = tmp_path_factory.mktemp("trained")
    values = windows(folder)
    return values, train(values, folder / "run").path


def taken(trained: Trained) -> dict[str, Any]:
    """The recipe, with its run where a study looks for it."""
    values, run = trained
    shutil.copytree(run, "runs/tiny")
    return values


def windows(tmp_path: Path) -> dict[str, Any]:
    """Labels that mean nothing, so that the last epoch is seldom the best."""
    data = {key: value for key, value in tiny.ARRAYS.items() if key not in ("test", "sample")}
    both = {"conv": SHORT, "linear": LOGISTIC}
    folds = {"kind": "stratified_group", "k": 2}
    folder = tiny.array_folder(tmp_path / "windows")
    labels = pd.read_csv(folder / "labels.csv")
    labels["label"] = np.random.default_rng(1).permutation(labels["label"])
    labels.to_csv(folder / "labels.csv", index=False)
    return tiny.recipe(data, folder, both, folds=folds)


def test_without_habits_the_work_is_what_train_does_to_the_bit(tmp_path: Path, trained: Trained) -> None:
    values, run = taken(trained), Run("runs/tiny")
    plan = prepare(settle(load_recipe(values), run.path, None, 1), Path())
    held = {key: value for key, value in vars(plan.work).items() if key != "test"}
    work, folder = HabitWork(**held, test=None, mark="none"), HabitFolder(tmp_path / "none")
    for member in ("conv", "linear"):
        run_job(work, Job(member, 0, 1), folder, lambda event: None)
        honest = np.load(run.fold_folder(member, 0, 1) / "oof.npy")
        assert np.array_equal(np.load(folder.fold_folder(member, 0, 1) / "oof.npy"), honest)


def test_habits_act_where_they_say_and_the_finished_run_is_taken(trained: Trained) -> None:
    values, run = taken(trained), Run("runs/tiny")
    rows = rows_of(study_habits(values))
    assert not Path("runs/tiny-habits/honest").exists()
    assert rows["watch_scored_fold"].acts_on == ("conv",)
    assert rows["scaler_before_split"].acts_on == ("conv", "linear")
    assert rows["blend_on_same_rows"].acts_on == ("conv", "linear")
    assert {row.honest.value for row in rows.values() if row.habit != "blend_on_same_rows"} == {
        run.scores["members"]["ensemble"]["log_loss"]["value"]
    }
    blend = rows["blend_on_same_rows"]
    assert blend.claims is not None
    alone = [run.scores["members"][name]["log_loss"]["value"] for name in ("conv", "linear")]
    assert blend.claims <= min(alone), "weights that suit these very rows"


def test_weights_on_the_same_rows_claim_to_have_learned_from_noise(tmp_path: Path, trained: Trained) -> None:
    values = trained[0]
    plan = prepare(settle(load_recipe(values), tmp_path / "none", None, 1), Path())
    rng = np.random.default_rng(0)
    raw = {f"noise{i}": rng.dirichlet(np.ones(3) * 2, size=(1, len(plan.work.train))) for i in range(8)}
    plan = replace(plan, chain=replace(plan.chain, calibrate=dict.fromkeys(raw, ())))
    found = blend_on_same_rows(plan, raw, "ensemble")
    assert found is not None
    assert plan.work.train.target is not None
    crossed = LogLoss().score(plan.work.train.target, found.honest[0])
    assert found.claims < crossed - 0.02


def test_it_resumes_and_everything_is_marked(trained: Trained) -> None:
    values, habits = taken(trained), ["watch_scored_fold", "scaler_before_split"]
    events: list[dict[str, Any]] = []

    class Killed(Exception): ...

    def killed(event: dict[str, Any]) -> None:
        events.append(event)
        if event["event"] == "done" and event["job"].startswith("scaler_before_split"):
            raise Killed

    with pytest.raises(Killed):
        study_habits(values, habits, report=killed)
    folder = Path("runs/tiny-habits")
    assert not (folder / "results.json").exists()
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("done.json")}
    again: list[dict[str, Any]] = []
    whole = study_habits(values, habits, report=again.append)
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert len([one for one in again if one["event"] == "start"]) == 2 + 4 - len(before) > 0
    assert [one["finished"] for one in again if one["event"] == "run"] == [len(before)]
    fresh = study_habits(values, habits, output="fresh")
    assert [row.plain() for row in fresh.rows] == [row.plain() for row in whole.rows]
    kept = json.loads((folder / "results.json").read_text())
    assert kept["habits"] == habits
    for name in habits:
        with pytest.raises(BadInput, match="no run folder"):
            Run(folder / name)
        for fold in (folder / name / "members").glob("*/*"):
            assert json.loads((fold / "done.json").read_text())["habits"] == [name]
            assert json.loads((fold / "state.json").read_text())["facts"]["habits"] == [name]
            assert not list(fold.glob("model*")) + list(fold.glob("weights*"))
    told = [one for one in events if one["event"] == "epoch" and one["job"].startswith("watch")]
    assert told
    assert all(one["habits"] == ["watch_scored_fold"] for one in told)
    with pytest.raises(BadInput, match="begun with another recipe"):
        study_habits(values, habits, overrides=["members.linear.model={logistic: {C: 3.0}}"])


def test_a_watched_booster_has_the_rounds_that_suit_the_scored_fold(tmp_path: Path) -> None:
    model = LightGBM(n_estimators=60, min_child_samples=3, num_leaves=4)
    values = {**of_strangers(tmp_path), "members": {"trees": {"model": model.entry()}}}
    run = train(values, "runs/tiny")
    plan = prepare(settle(load_recipe(values), run.path, None, 1), Path())
    rows = plan.work.folds.part(0, 0)[1]
    fitted = plan.work.fit(Job("trees", 0, 0), lambda event: None)
    assert isinstance(fitted, FittedEstimator)
    scored = plan.work.train.take(rows)
    assert scored.target is not None
    shorter = cut(fitted, model, scored)
    loss = LogLoss()
    assert loss.score(scored.target, shorter.predict(scored)) < loss.score(
        scored.target, fitted.predict(scored)
    )
    made = rows_of(study_habits({**values, "metric": "log_loss"}, ["watch_scored_fold"], output="watched"))
    claims = made["watch_scored_fold"].claims
    assert claims is not None
    assert claims < made["watch_scored_fold"].honest.value


def test_what_a_habit_is_not_measured_on_is_refused(tmp_path: Path) -> None:
    values = of_strangers(tmp_path, labels={"drop": "suspected"})
    with pytest.raises(BadInput, match="scaler_before_split is measured with all labels"):
        study_habits(values, ["scaler_before_split"])
    assert not Path("runs").exists()


def test_copies_are_of_smaller_classes_and_samples_keep_their_fold(tmp_path: Path) -> None:
    values = of_strangers(tmp_path)
    run = train(values, "runs/tiny")
    plan = prepare(settle(load_recipe(values), run.path, None, 1), Path())
    (habit,) = (one for one in HABITS if one.name == "oversample_before_split")
    work, n = habit.work(plan.work, run), len(plan.work.train)
    assert work.train.target is not None
    assert len(set(np.bincount(work.train.target))) == 1
    assert np.array_equal(work.folds.fold[:, :n], plan.work.folds.fold)
    assert set(work.folds.fold[0, n:]) == {0, 1, 2}
    assert np.array_equal(work.train.ids[:n], plan.work.train.ids)
    even: Work = replace(plan.work, train=work.train)
    assert habit.touched(even) == []


def test_the_command_prints_the_table(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps(of_strangers(tmp_path)))
    made = CliRunner().invoke(
        app, ["study", "habits", str(recipe), "--only", "random_folds,watch_scored_fold"]
    )
    assert made.exit_code == 0, made.output
    (line,) = (line for line in made.output.splitlines() if line.startswith("watch_scored_fold "))
    assert "nothing here can do that" in line
    assert "claims are no scores" in made.output
    assert (tmp_path / "runs/tiny-habits/results.json").is_file()
    wrong = CliRunner().invoke(app, ["study", "habits", str(recipe), "--only", "random_fold"])
    assert wrong.exit_code == 2
