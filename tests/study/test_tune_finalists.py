"""Finalists are scored on folds that the search has not seen, or it is said that there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from tuning import write
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.folds.base import Splitter
from holdfast.folds.table import make_folds
from holdfast.recipe.load import load_recipe
from holdfast.study.tune_finalists import as_drawn, drawn_anew, fresh_seed


def folds(kind: str = "stratified_group", k: int = 2, **over: Any) -> dict[str, Any]:
    return {"kind": kind, "k": k, **over}


@pytest.mark.parametrize("said", [folds(), folds("group", 3), folds(k=5, repeats=2)])
def test_fresh_folds_are_none_of_the_searches(said: dict[str, Any], tmp_path: Path) -> None:
    recipe = load_recipe(tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path), folds=said))
    again = drawn_anew(recipe, fresh_seed(recipe, tmp_path))
    assert again.seed == recipe.seed
    assert recipe.data is not None
    loaded = recipe.data.load(tmp_path)  # type: ignore[attr-defined]

    def drawn(splitter: Any) -> list[list[int]]:
        assert isinstance(splitter, Splitter)
        made = make_folds(splitter, loaded.train, loaded.target, tmp_path)
        return [as_drawn(row).tolist() for row in made.fold]

    assert all(one not in drawn(recipe.folds) for one in drawn(again.folds))


def test_folds_that_are_only_numbered_otherwise_are_the_same() -> None:
    one, other = np.array([0, 0, 1, 2, 1]), np.array([2, 2, 0, 1, 0])
    assert as_drawn(one).tolist() == as_drawn(other).tolist() != as_drawn(one[::-1]).tolist()


def test_as_many_groups_as_folds_and_folds_of_a_file_cannot_be_drawn_anew(tmp_path: Path) -> None:
    recipe = load_recipe(tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path), folds=folds(k=6)))
    assert fresh_seed(recipe, tmp_path) is None
    file = load_recipe(tiny.recipe(tiny.TABLE, tmp_path, folds={"kind": "file", "path": "folds.csv"}))
    assert fresh_seed(file, tmp_path) is None
    assert drawn_anew(file, None).folds == file.folds
    assert drawn_anew(file, None).seed != file.seed


def test_it_is_said_where_there_are_no_fresh_folds(tmp_path: Path) -> None:
    path = write(tmp_path, {"one": {"model": {"search": {"choice": ["constant", "knn"]}}}}, k=6)
    made = CliRunner().invoke(app, ["tune", str(path), "-o", str(tmp_path / "study"), "--trials", "1"])
    assert made.exit_code == 0, made.stderr
    assert "fresh folds" not in made.stdout
    assert "no other folds can be drawn" in made.stdout
