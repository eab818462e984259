"""Pseudo-labels in whole runs: what a fold's student has seen, resume, engines, budget, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny

from holdfast.engine.budget import Budget, Decision
from holdfast.engine.job import Job
from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe
from holdfast.store.run import Run
from holdfast.study.refit import refit
from holdfast.train import Plan, prepare, train

LINEAR = {"model": "logistic"}
CONV = {**tiny.CONV, "pseudo": {"soft": True}}
# the student stands before its teachers, and learns in two rounds
STUDENTS = {
    "taught": {**LINEAR, "pseudo": {"teachers": ["trees", "self"], "threshold": 0.4, "rounds": 2}},
    "self": {**LINEAR, "pseudo": {"top": 0.5}},
    "trees": tiny.TREES,
}


def planned(values: dict[str, Any], *overrides: str) -> Plan:
    return prepare(load_recipe(values, list(overrides)), Path.cwd())


def said(run: Run, member: str, fold: int, part: str = "oof") -> np.ndarray:
    return np.load(run.fold_folder(member, 0, fold) / f"{part}.npy")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.table_folder(tmp_path_factory.mktemp("table") / "data")
    pd.read_csv(folder / "test.csv").drop(columns="f4").to_csv(folder / "fewer.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def whole(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny.recipe(tiny.TABLE, table, STUDENTS), tmp_path_factory.mktemp("whole") / "run")


# what a student has seen


def test_labels_of_the_held_out_part_reach_no_student_of_its_fold(
    table: Path, whole: Run, tmp_path: Path
) -> None:
    """The same folds from a file; every label of fold 1 turned to the next class."""
    folds = pd.read_csv(whole.path / "folds.csv")
    turned = tiny.table_folder(tmp_path / "turned")
    frame = pd.read_csv(turned / "train.csv")
    held_out = frame["id"].isin(folds.loc[folds["fold"] == 1, "id"])
    following = dict(zip(tiny.CLASSES, np.roll(tiny.CLASSES, 1)))
    frame.loc[held_out, "label"] = frame.loc[held_out, "label"].map(following)
    frame.to_csv(turned / "train.csv", index=False)
    by_file = {"kind": "file", "path": str((whole.path / "folds.csv").absolute())}
    runs = [
        train(tiny.recipe(tiny.TABLE, folder, STUDENTS, folds=by_file), tmp_path / f"run-{name}")
        for name, folder in (("as-it-was", table), ("turned", turned))
    ]
    for member in STUDENTS:
        for part in ("oof", "test"):
            one, other = (said(run, member, 1, part) for run in runs)
            assert np.array_equal(one, other), member
            assert not np.array_equal(said(runs[0], member, 0, part), said(runs[1], member, 0, part)), member


def test_teachers_are_those_of_the_same_fold(whole: Run, table: Path, tmp_path: Path) -> None:
    one_round = {
        **STUDENTS,
        "taught": {**LINEAR, "pseudo": {"teachers": ["trees", "self"], "threshold": 0.4}},
    }
    run = train(tiny.recipe(tiny.TABLE, table, one_round), tmp_path / "run")
    for fold in range(3):
        mean = np.mean([said(run, name, fold, "test") for name in ("trees", "self")], axis=0)
        assert said(run, "taught", fold, "pool") == pytest.approx(mean, abs=1e-7)
    assert not np.array_equal(said(run, "taught", 0, "pool"), said(run, "taught", 1, "pool"))
    second = said(whole, "taught", 0, "pool")
    assert not np.array_equal(second, said(run, "taught", 0, "pool")), "the second round has another teacher"
    assert second == pytest.approx(said(run, "taught", 0, "test"), abs=1e-6), "which is the first's student"


def test_the_first_teacher_of_itself_is_the_member_without_pseudo_labels(
    whole: Run, table: Path, tmp_path: Path
) -> None:
    plain = train(tiny.recipe(tiny.TABLE, table, {"self": LINEAR}), tmp_path / "run")
    for fold in range(3):
        assert np.array_equal(said(whole, "self", fold, "pool"), said(plain, "self", fold, "test"))
        assert not np.array_equal(said(whole, "self", fold, "oof"), said(plain, "self", fold, "oof"))


def test_few_labels_and_a_pool_make_a_better_model(tmp_path: Path) -> None:
    """Simulated: two normal classes in 12 features; 30 samples cannot tell their covariance, 400 more do."""
    rng = np.random.default_rng(4)
    mix = rng.normal(size=(12, 12))
    truth: dict[str, np.ndarray] = {}
    for name, n in (("train", 30), ("test", 400)):
        y = truth[name] = np.arange(n) % 2
        X = rng.normal(size=(n, 12))
        X[:, 0] += 3.0 * y
        frame = pd.DataFrame(X @ mix, columns=[f"f{i}" for i in range(12)])
        frame.insert(0, "id", [f"{name}-{i}" for i in range(n)])
        (frame.assign(label=y) if name == "train" else frame).to_csv(tmp_path / f"{name}.csv", index=False)
    data = {"kind": "table", "train": "train.csv", "test": "test.csv", "id": "id", "target": "label"}
    model = {"model": {"lda": {"shrinkage": 0}}}
    members = {"alone": model, "taught": {**model, "pseudo": {"top": 1, "rounds": 3}}}
    run = train(tiny.recipe(data, tmp_path, members, folds={"kind": "stratified", "k": 3}), tmp_path / "run")
    right = {
        name: (run.test_predictions(name).argmax(axis=1) == truth["test"]).mean()
        for name in ("alone", "taught")
    }
    assert right["taught"] > right["alone"] + 0.01


# what is told


def test_the_run_tells_what_was_taken_and_what_there_is_to_fear(whole: Run) -> None:
    facts = whole.scores["facts"]["taught"]
    assert set(facts) == {"fold-0", "fold-1", "fold-2", "all folds"}
    assert len(facts["fold-0"]["pseudo"]["rounds"]) == 2
    last = facts["fold-0"]["pseudo"]["rounds"][-1]
    pool = said(whole, "taught", 0, "pool")
    assert sum(last["taken"].values()) == (pool.max(axis=1) >= 0.4).sum() > 0
    labels = np.stack([said(whole, "taught", fold, "pool").argmax(axis=1) for fold in range(3)])
    assert facts["all folds"]["pseudo"]["agree"] == (labels == labels[0]).all(axis=0).mean()
    notes = whole.scores["notes"]
    assert "taught: saw the test samples, without labels, to learn from pseudo-labels of them" in notes
    assert any(note.startswith("taught: a fold learns from ") and "total variation" in note for note in notes)
    assert not any(note.startswith("trees: ") for note in notes)
    assert list(whole.scores["members"]) == ["trees", "self", "taught", "ensemble"]


# resume, engines, budget


class Power(Exception):
    """What a power cut looks like from inside."""


def test_a_cut_in_any_round_changes_nothing(tmp_path: Path) -> None:
    folder = tiny.array_folder(tmp_path / "data")
    values = tiny.recipe(tiny.ARRAYS, folder, {"conv": CONV}, folds={"kind": "stratified_group", "k": 2})
    whole = train(values, tmp_path / "whole")
    for count in (2, 5):  # fits of three epochs: the teacher's, then the student's
        seen: list[dict[str, Any]] = []

        def cut(event: dict[str, Any], count: int = count, seen: list[dict[str, Any]] = seen) -> None:
            seen.append(event)
            if sum(one["event"] == "epoch" for one in seen) == count:
                raise Power

        with pytest.raises(Power):
            train(values, tmp_path / f"run-{count}", report=cut)
        after: list[dict[str, Any]] = []
        run = train(values, tmp_path / f"run-{count}", report=after.append)
        assert run.scores == whole.scores
        assert np.array_equal(run.test_predictions(), whole.test_predictions())
        # a checkpoint is written after the report of its epoch
        first = [event["epoch"] for event in after if event["event"] == "epoch"][: 7 - count]
        assert first == [epoch % 3 for epoch in range(count - 1, 6)]


@pytest.mark.slow  # each worker imports everything
def test_processes_wait_for_teachers_and_give_the_same_bits(whole: Run, table: Path, tmp_path: Path) -> None:
    values, ended = tiny.recipe(tiny.TABLE, table, STUDENTS), list[str]()

    def watch(event: dict[str, Any]) -> None:
        if event["event"] == "done":
            ended.append(event["job"])

    run = train(values, tmp_path / "run", engine="processes", jobs=2, threads=1, report=watch)
    assert run.scores == whole.scores
    for member in STUDENTS:
        assert np.array_equal(run.predictions(member), whole.predictions(member))
    for fold in range(3):
        assert ended.index(f"taught fold {fold}") > ended.index(f"trees fold {fold}")
        assert ended.index(f"taught fold {fold}") > ended.index(f"self fold {fold}")


def test_a_budget_that_leaves_a_teacher_out_leaves_its_students_out(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Budget.trial

    def trial(self: Budget, work: Any, jobs: list[Job], *rest: Any, **more: Any) -> Decision:
        if jobs[0].member == "trees":
            return Decision(left_out="budget: too slow")
        return known(self, work, jobs, *rest, **more)

    monkeypatch.setattr(Budget, "trial", trial)
    members = {"linear": LINEAR, **STUDENTS}
    values = tiny.recipe(tiny.TABLE, table, members, budget="1h")
    run = train(values, tmp_path / "run")
    assert list(run.scores["members"]) == ["linear", "self", "ensemble"]
    assert run.recipe["members"]["taught"]["left_out"] == "its teacher trees is left out"
    assert train(values, tmp_path / "run").scores["members"] == run.scores["members"]
    # a kill between the two decisions
    held = json.loads((run.path / "budget.json").read_text())
    del held["taught"]
    (run.path / "budget.json").write_text(json.dumps(held))
    text = (run.path / "recipe.yaml").read_text()
    (run.path / "recipe.yaml").write_text(text.replace("its teacher trees is left out", "null"))
    again = train(values, tmp_path / "run")
    assert list(again.scores["members"]) == ["linear", "self", "ensemble"]
    assert "taught is left out: its teacher is left out" in again.scores["notes"]


def test_a_refit_teaches_on_all_rows(whole: Run, tmp_path: Path) -> None:
    made = refit(whole.path, output=tmp_path / "refit")
    plain = refit(whole.path, ["trees"], tmp_path / "trees")
    assert np.array_equal(made.test_predictions("trees"), plain.test_predictions("trees"))
    first = made.path / "members" / "self" / "all"
    taught = np.load(first / "pool.npy")
    assert not np.array_equal(taught, made.test_predictions("self"))
    assert not np.array_equal(taught, said(whole, "self", 0, "pool"))
    with pytest.raises(BadInput, match="taught learns from pseudo-labels of self; name that member too"):
        refit(whole.path, ["taught", "trees"], tmp_path / "without")


# hashes and pools


def test_hashes_know_the_settings_and_the_teachers(table: Path) -> None:
    values = tiny.recipe(tiny.TABLE, table, STUDENTS)

    def hashes(*overrides: str) -> dict[str, str]:
        work = planned(values, *overrides).work
        return {name: work.hash(Job(name, 0, 0)) for name in STUDENTS}

    def changed(*overrides: str) -> set[str]:
        return {name for name, mark in hashes(*overrides).items() if mark != before[name]}

    before = hashes()
    assert changed() == set()
    assert changed("members.taught.pseudo.threshold=0.5") == {"taught"}
    assert changed("members.trees.model.extra_trees.n_estimators=6") == {"taught", "trees"}
    assert changed("members.self.pseudo.top=0.4") == {"taught", "self"}
    plain = planned(tiny.recipe(tiny.TABLE, table, {"trees": tiny.TREES})).work
    assert plain.hash(Job("trees", 0, 0)) == before["trees"]


def test_another_pool_is_read_as_the_test_file_is(whole: Run, table: Path, tmp_path: Path) -> None:
    """The test file under another name, with one more column, gives the same; changed, it is another run."""
    folder = tiny.table_folder(tmp_path / "data")
    frame = pd.read_csv(folder / "test.csv").assign(more=1.0)
    frame[[*frame.columns[::-1]]].to_csv(folder / "pool.csv", index=False)
    members = {name: {**one, "pseudo": {**one["pseudo"], "pool": "pool.csv"}} if "pseudo" in one else one
               for name, one in STUDENTS.items()}  # fmt: skip
    values = tiny.recipe(tiny.TABLE, folder, members)
    run = train(values, tmp_path / "run")
    for member in STUDENTS:
        assert np.array_equal(run.predictions(member), whole.predictions(member)), member
    assert (
        "self: saw the samples of pool.csv, without labels, to learn from pseudo-labels of them"
        in (run.scores["notes"])
    )
    frame.assign(f1=0.0).to_csv(folder / "pool.csv", index=False)
    with pytest.raises(BadInput, match="begun with other data"):
        train(values, tmp_path / "run")
    mine, theirs = planned(values).work, whole.done("trees", 0, 0)
    assert theirs is not None
    assert mine.hash(Job("trees", 0, 0)) == theirs["hash"], "only students know the pool"
    assert mine.hash(Job("self", 0, 0)) != run.done("self", 0, 0)["hash"]  # type: ignore[index]
    alone = tiny.recipe({**tiny.TABLE, "test": None, "sample": None}, folder, members)
    assert np.isfinite(train(alone, tmp_path / "alone").predictions("self")).all()


@pytest.mark.parametrize("kind", ["arrays", "long", "images"])
def test_pools_of_every_kind(kind: str, tmp_path: Path) -> None:
    pool: Any = "pool.csv"
    if kind == "arrays":
        data, folder = tiny.ARRAYS, tiny.array_folder(tmp_path / "data")
        np.save(folder / "pool.npy", np.load(folder / "train.npy")[:5] + 1)
        tiny.tests_of(5).to_csv(folder / "ids.csv", index=False)
        pool = {"test": "pool.npy", "test_ids": "ids.csv"}
    elif kind == "long":
        data, folder = tiny.LONG, tiny.long_folder(tmp_path / "data")
        rows = pd.read_csv(folder / "test.csv.gz")
        rows[rows["id"].isin([f"t00{i}" for i in range(5)])].to_csv(folder / "pool.csv", index=False)
    else:
        data, folder = tiny.IMAGES, tiny.image_folder(tmp_path / "data")
        pd.read_csv(folder / "test.csv").head(5).to_csv(folder / "pool.csv", index=False)
        (folder / "test").rename(folder / "more")
        (folder / "test").mkdir()
        data = {key: value for key, value in data.items() if key not in ("test", "test_images", "sample")}
        pool = {"test": "pool.csv", "test_images": "more"}
    one = {**tiny.TREES, "features": "hog" if kind == "images" else "window_statistics"}
    run = train(
        tiny.recipe(data, folder, {"one": {**one, "pseudo": {"top": 1, "pool": pool}}}), tmp_path / "run"
    )
    told = run.scores["facts"]["one"]["fold-0"]["pseudo"]["rounds"]
    assert [(each["pool"], sum(each["taken"].values())) for each in told] == [(5, 5)]


# refusals


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"data": {**tiny.TABLE, "test": None, "sample": None}}, r"members\.self\.pseudo: there is no test set to"),
        ({"pseudo": {"pool": "no.csv"}}, r"members\.self\.pseudo\.pool, read as data\.test: .*no\.csv does not exist"),
        ({"pseudo": {"pool": "fewer.csv"}}, "fewer.csv lacks f4, from which members learn"),
        ({"pseudo": {"pool": {"tset": "test.csv"}}}, "unknown key 'tset'; did you mean 'test'"),
        ({"pseudo": {"pool": {}}}, "test, the file of the samples, is missing"),
        ({"pseudo": {"soft": True}}, r"pseudo\.soft: logistic takes one class a sample"),
        ({"pseudo": {"soft": True, "top": 0.5}}, "name one"),
        ({"pseudo": {"teachers": "tree"}}, r"self\.pseudo\.teachers: no member is named 'tree'"),
        ({"pseudo": {"teachers": "self"}}, "in a circle: self → self"),
        ({"pseudo": {"thresold": 0.5}}, "did you mean 'threshold'"),
        ({"data": {**tiny.TABLE, "target": "f1", "sample": None, "drop": ["label"]}}, "the target is real"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_any_work(
    table: Path, tmp_path: Path, over: dict[str, Any], message: str
) -> None:
    members = {"self": {**LINEAR, "pseudo": over.get("pseudo", {})}}
    metric = "rmse" if "f1" in over.get("data", {}).values() else "log_loss"
    model = {"model": "ridge"} if metric == "rmse" else {}
    folds = {"kind": "group", "k": 3} if metric == "rmse" else {"kind": "stratified_group", "k": 3}
    members["self"].update(model)
    values = tiny.recipe(over.get("data", tiny.TABLE), table, members, metric=metric, folds=folds)
    with pytest.raises(BadInput, match=message):
        train(values, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_soft_labels_need_a_loss_that_takes_shares(tmp_path: Path) -> None:
    members = {"conv": {**tiny.CONV, "loss": "ldam", "pseudo": {"soft": True}}}
    with pytest.raises(BadInput, match=r"members\.conv\.pseudo\.soft: the loss ldam takes one class"):
        train(tiny.recipe(tiny.ARRAYS, tiny.array_folder(tmp_path / "data"), members), tmp_path / "run")


def test_scikit_learn_estimators_have_no_pool() -> None:
    from holdfast.estimators import HoldfastClassifier

    X, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    with pytest.raises(BadInput, match=r"members\.a\.pseudo: fit knows X and y"):
        HoldfastClassifier({"members": {"a": {**LINEAR, "pseudo": {}}}}).fit(X, y)
