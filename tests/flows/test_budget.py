"""A run plans itself to a budget: what does not fit is shortened or left out, once, and it says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny import ARRAYS, CONV, TREES, array_folder, recipe

from holdfast.errors import BadInput
from holdfast.train import train

ENDLESS = {**CONV, "fit": {"epochs": 1_000_000, "batch_size": 8, "precision": "32"}}


def values(tmp_path: Path, members: dict[str, Any], budget: str) -> dict[str, Any]:
    return recipe(ARRAYS, array_folder(tmp_path / "data"), members, budget=budget)


def test_a_network_that_cannot_fit_is_left_out(tmp_path: Path) -> None:
    given = values(tmp_path, {"trees": TREES, "conv": ENDLESS}, "5s")
    run = train(given, tmp_path / "run")
    assert set(run.scores["members"]) == {"trees", "ensemble"}
    why = run.recipe["members"]["conv"]["left_out"]
    assert "1000000 epochs would fit" in why
    assert f"conv is left out: {why}" in run.scores["notes"]
    assert not (run.path / "oof-conv.npy").exists()


def test_the_first_member_is_shortened_rather_than_left_out(tmp_path: Path) -> None:
    given = values(tmp_path, {"conv": ENDLESS}, "5s")
    run = train(given, tmp_path / "run")
    epochs = run.recipe["members"]["conv"]["fit"]["epochs"]
    assert 1 <= epochs < 1_000_000
    for fold in range(3):
        curve = (run.fold_folder("conv", 0, fold) / "curve.csv").read_text().splitlines()
        assert len(curve) == 1 + epochs


def test_what_was_decided_is_decided_once(tmp_path: Path) -> None:
    """Another machine or another moment would time it otherwise; resume and repeat must not ask again."""
    given = values(tmp_path, {"trees": TREES, "conv": ENDLESS}, "5s")
    run = train(given, tmp_path / "run")
    before = {
        name: (run.path / name).read_bytes() for name in ("recipe.yaml", "oof-ensemble.npy", "scores.json")
    }
    (run.fold_folder("trees", 0, 1) / "done.json").unlink()
    train(given, tmp_path / "run")
    assert {name: (run.path / name).read_bytes() for name in before} == before
    again = train({**run.recipe, "threads": 1}, tmp_path / "repeat")
    assert (again.path / "oof-ensemble.npy").read_bytes() == before["oof-ensemble.npy"]


def test_a_kill_between_decision_and_recipe_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    given = values(tmp_path, {"trees": TREES, "conv": ENDLESS}, "5s")
    run = train(given, tmp_path / "run")
    decided = json.loads((run.path / "budget.json").read_text())
    assert set(decided) == {"trees", "conv"}
    text = (run.path / "recipe.yaml").read_text()
    undecided = text.replace(f"left_out: '{decided['conv']['left_out']}'", "left_out: null")
    assert undecided != text
    (run.path / "recipe.yaml").write_text(undecided)
    assert set(train(given, tmp_path / "run").scores["members"]) == {"trees", "ensemble"}


def test_ample_budget_changes_nothing(tmp_path: Path) -> None:
    members = {"trees": TREES, "conv": CONV}
    plain = train(recipe(ARRAYS, array_folder(tmp_path / "data"), members), tmp_path / "plain")
    run = train(values(tmp_path, members, "1h"), tmp_path / "run")
    assert (run.path / "oof-ensemble.npy").read_bytes() == (plain.path / "oof-ensemble.npy").read_bytes()


@pytest.mark.parametrize("budget", ["15", "m", "-3m", "fifteen"])
def test_a_budget_that_is_no_time_is_refused(tmp_path: Path, budget: str) -> None:
    with pytest.raises(BadInput, match="budget"):
        train(values(tmp_path, {"trees": TREES}, budget), tmp_path / "run")


def test_nothing_left_to_train_is_refused(tmp_path: Path) -> None:
    given = values(tmp_path, {"trees": {**TREES, "left_out": "by hand"}}, "1h")
    with pytest.raises(BadInput, match="every member is left out"):
        train(given, tmp_path / "run")
