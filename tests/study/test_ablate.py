"""Ablations on a tiny table: what is trained, taken over, stopped, resumed and said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tiny import TABLE, recipe, table_folder
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.errors import BadInput
from holdfast.store.run import Run
from holdfast.study.ablate import ablate
from holdfast.study.ablate_result import Ablation
from holdfast.study.compare import compare
from holdfast.train import train

MEMBERS = {"linear": {"model": {"logistic": {"C": 1.0}}}, "near": {"model": "knn"}}
K = 5
DROP, SWAP = ["calibrate.temperature", "members.near"], ["near.model=lda"]


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = table_folder(tmp_path_factory.mktemp("data"), groups=10, each=3)
    over = {"predict": {"calibrate": ["temperature"]}}
    return recipe(TABLE, folder, MEMBERS, folds={"kind": "stratified_group", "k": K}, **over)


@pytest.fixture(scope="module")
def whole(values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Ablation:
    """Three variants, trained to the end."""
    return ablate(values, DROP, SWAP, output=tmp_path_factory.mktemp("whole") / "a")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_only_what_a_change_touches_is_trained(whole: Ablation) -> None:
    assert [job for job in whole.trained if not job.startswith("base: ")] == [
        f"swap near.model=lda: near fold {k}" for k in range(K)
    ]
    assert len(whole.trained) == 3 * K
    assert len(whole.reused) == K * (2 + 1 + 1)  # both members, linear, linear: from the base
    assert [row.variant for row in whole.rows] == [
        *(f"drop {one}" for one in DROP),
        *(f"swap {one}" for one in SWAP),
    ]
    assert {(row.folds, row.stopped) for row in whole.rows} <= {(K, "all folds"), (3, "told"), (3, "equal")}
    assert whole.plain() == json.loads((whole.path / "results.json").read_text())


def test_nothing_is_trained_twice_and_later_changes_join_the_earlier(
    values: dict[str, Any], whole: Ablation
) -> None:
    shutil.copytree(whole.path, "again")
    again = ablate(values, DROP, SWAP, output="again")
    assert (again.trained, again.reused) == ((), ())
    assert again.rows == whole.rows
    more = ablate(values, swap=["near.model={knn: {n_neighbors: 3}}"], output="again")
    assert {job.split(":")[0] for job in more.trained} == {"swap near.model={knn"}
    assert len(more.rows) == 4, "those of earlier calls stay in the table and in the count"
    now = {row.variant: row for row in more.rows}
    for other in whole.rows:
        one = now[other.variant]
        assert one.found == other.found
        assert one.says is not None
        assert other.says is not None
        assert one.says.adjusted >= other.says.adjusted


def test_the_difference_is_that_of_the_runs_that_it_leaves(whole: Ablation) -> None:
    row = next(one for one in whole.rows if one.stopped == "all folds")
    base, other = Run(whole.path / "base"), Run(whole.path / row.run)
    assert base.finished
    got = compare([base.path, other.path], rope=whole.rope)
    assert row.found is not None
    assert row.says is not None
    assert row.found.difference == pytest.approx(got.found[0].difference)
    assert row.found.error == pytest.approx(got.found[0].error)
    assert row.says.belief == got.says[0].belief
    assert row.says.adjusted >= got.says[0].adjusted
    assert whole.value == base.scores["members"]["ensemble"]["log_loss"]["value"]


def test_folds_of_an_ordinary_run_are_taken_over(values: dict[str, Any]) -> None:
    given = {**values, "folds": {"kind": "stratified_group", "k": 3}}
    train(given, "runs/tiny")
    found = ablate(given, ["calibrate.temperature"])
    assert found.path == Path("runs/tiny-ablate")
    assert found.trained == ()
    assert len(found.reused) == 2 * 2 * 3
    base = Run(found.path / "base")
    assert np.array_equal(base.predictions(), Run("runs/tiny").predictions())
    assert found.seconds == 0, "what another run trained is not this ablation's time"


@pytest.mark.slow  # each worker imports everything
def test_in_processes_it_finds_the_same_to_the_bit(values: dict[str, Any]) -> None:
    given = {**values, "folds": {"kind": "stratified_group", "k": 2}, "threads": 1}
    beside, alone = (ablate(given, DROP, SWAP, output=f"jobs-{n}", jobs=n) for n in (2, 1))
    assert sorted(beside.trained) == sorted(alone.trained)
    assert beside.rows == alone.rows
    assert {row.folds for row in beside.rows} == {2}


def test_a_kill_loses_the_fold_in_work_alone(values: dict[str, Any], whole: Ablation) -> None:
    done: list[str] = []

    def killed(event: dict[str, Any]) -> None:
        if event["event"] == "start" and len(done) == 7:
            raise KeyboardInterrupt
        if event["event"] == "done":
            done.append(event["job"])

    with pytest.raises(KeyboardInterrupt):
        ablate(values, DROP, SWAP, output="broken", report=killed)
    resumed = ablate(values, DROP, SWAP, output="broken")
    assert (*done, *resumed.trained) == whole.trained
    assert resumed.rows == whole.rows


def test_folds_go_in_turns_and_what_is_clear_stops(values: dict[str, Any]) -> None:
    """Six of ten folds are done at the first look: what learns nothing has lost, what changes nothing is equal."""
    data = {**values["data"], "folder": str(table_folder(Path("data"), groups=10, each=12))}
    given = {**values, "data": data, "folds": {"kind": "stratified_group", "k": 10}, "predict": {}}
    swap = ["linear.model=constant", "linear.model={logistic: {C: 1.0001}}"]
    told: list[dict[str, Any]] = []
    found = ablate(given, swap=swap, member="linear", report=told.append)
    assert found.path == Path("runs/tiny-ablate-linear")
    flat, same = found.rows
    assert (flat.folds, flat.stopped, flat.looks) == (6, "told", (6,))
    assert flat.says is not None
    assert flat.says.says == "hurts"
    assert (same.folds, same.stopped) == (6, "equal")
    assert same.says is not None
    assert same.says.says == "can't tell"
    order = [one["job"] for one in told if one["event"] == "done"]
    names = ["base", *(f"swap {one}" for one in swap)]
    assert order == [f"{name}: linear fold {k}" for k in range(6) for name in names]
    run = next(one for one in told if one["event"] == "run")
    assert run["jobs"] == 30
    assert sum(one["jobs"] for one in told if one["event"] == "left_out") == 2 * 4
    assert ablate(given, swap=swap, member="linear").trained == ()


def test_a_look_when_time_is_out_is_kept_and_paid_for(values: dict[str, Any], whole: Ablation) -> None:
    """After four of five folds: without time nothing more is trained; with it, all goes on."""
    early = ablate(values, swap=SWAP, output="none", budget="0.001s")
    assert [(row.folds, row.stopped, row.says) for row in early.rows] == [(0, "out of time", None)]
    shutil.copytree(whole.path, "short")
    name = next(row.run for row in whole.rows if row.variant.startswith("swap"))
    Path("short/results.json").unlink()
    shutil.rmtree(f"short/{name}/members/near/fold-4")
    out = ablate(values, swap=SWAP, output="short", budget="0.001s")
    assert out.trained == ()
    assert (out.rows[0].folds, out.rows[0].looks, out.rows[0].stopped) == (4, (3, 4), "out of time")
    last = ablate(values, swap=SWAP, output="short")
    assert (last.trained, last.rows[0].looks) == (("swap near.model=lda: near fold 4",), (3, 4, 5))


def test_everything_off_one_at_a_time_by_the_command(values: dict[str, Any]) -> None:
    Path("recipe.yaml").write_text(yaml.safe_dump({**values, "prepare": ["impute", "standardize"]}))
    words = ["ablate", "recipe.yaml", "--all", "--set", "folds.k=3", "--json", "out.json"]
    made = CliRunner().invoke(app, words)
    assert made.exit_code == 0, made.output
    (shown,) = (line for line in made.stdout.splitlines() if line.startswith("drop members.linear "))
    assert " 3/3 " in shown
    written = json.loads(Path("out.json").read_text())
    assert written == json.loads(Path("runs/tiny-ablate/results.json").read_text())
    assert [row["variant"] for row in written["variants"]] == [
        "drop prepare.impute",
        "drop prepare.standardize",
        "drop calibrate.temperature",
        "drop members.linear",
        "drop members.near",
    ]
    assert {row["verdict"] for row in written["variants"]} <= {"helps", "hurts", "can't tell"}
    changed = CliRunner().invoke(app, ["ablate", "recipe.yaml", "--drop", "calibrate", "--set", "folds.k=4"])
    assert changed.exit_code == 2
    assert "another recipe" in changed.stderr


def test_what_makes_no_ablation_is_refused_before_any_work(values: dict[str, Any]) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "nothing to compare with"),
        ({"drop": ["augment.roll"]}, "no augment is named 'roll'"),
        ({"swap": ["linear.model=conv_residual"]}, "conv_residual takes"),
        ({"drop": ["calibrate"], "budget": "soon"}, "expected a time"),
        ({"drop": ["calibrate"], "member": "nera"}, "did you mean 'near'"),
    ]
    for arguments, why in refused:
        with pytest.raises(BadInput, match=why):
            ablate(values, **arguments)
    assert not Path("runs").exists()


def test_pseudo_labels_are_ablated_on_the_same_folds(
    values: dict[str, Any], whole: Ablation, tmp_path: Path
) -> None:
    """The student is trained; its teacher's folds are taken over from the base."""
    shutil.copytree(whole.path, tmp_path / "a")
    added = ["linear.pseudo={teachers: near, top: 1}"]
    found = ablate(values, add=added, output=tmp_path / "a")
    said = f"add {added[0]}"
    (row,) = [row for row in found.rows if row.variant == said]
    assert row.folds >= 3
    assert [job for job in found.trained if job.split(": ")[-1].startswith("near")] == []
    assert f"{said}: linear fold 0" in found.trained


def test_one_member_without_its_teacher_is_refused(values: dict[str, Any]) -> None:
    taught = {**MEMBERS, "linear": {**MEMBERS["linear"], "pseudo": {"teachers": "near"}}}
    with pytest.raises(BadInput, match=r"members\.linear\.pseudo\.teachers: no member is named 'near'"):
        ablate({**values, "members": taught}, drop=["linear.pseudo"], member="linear")
