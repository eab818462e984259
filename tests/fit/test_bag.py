"""Models of several seeds: their mean, kept and resumed one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from holdfast.errors import BadInput
from holdfast.fit.bag import MARK, fit_bag
from holdfast.fit.member import fit_member, load_fitted
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.keys import seed_of
from holdfast.recipe.schema import Recipe
from holdfast.study.ablate_changes import variant
from holdfast.testing.samples import CLASSES, tiny_data

TREES = {"random_forest": {"n_estimators": 3}}


def recipe(model: Any, **parts: Any) -> Recipe:
    fit = {"epochs": 1, "batch_size": 8, "precision": "32"}
    values = {"metric": "log_loss", "folds": "stratified", "members": {"one": {"model": model, **parts}}}
    return Recipe.model_validate({**values, "fit": fit})


def member(model: Any, kind: str = "table", **parts: Any) -> MemberSpec:
    return resolve(recipe(model, **parts), "one", tiny_data(kind), CLASSES)


@pytest.mark.parametrize(("model", "kind"), [(TREES, "table"), (tiny.CONV["model"], "windows")])
def test_it_says_the_mean_and_comes_back_from_its_folder(model: Any, kind: str, tmp_path: Path) -> None:
    data, spec = tiny_data(kind), member(model, kind, seeds=2)
    bag = fit_member(spec, data, CLASSES, 7, 1, folder=tmp_path, mark="m")
    one = replace(spec, seeds=1)
    each = [fit_member(one, data, CLASSES, seed_of(7, "bag", i), 1).predict(data) for i in range(2)]
    assert not np.array_equal(*each)
    np.testing.assert_allclose(bag.predict(data), np.mean(each, axis=0), rtol=1e-6)
    bag.save(tmp_path)
    assert np.array_equal(load_fitted(tmp_path).predict(data), bag.predict(data))
    assert len(bag.facts["seeds"]) == 2


def test_a_seed_that_is_done_is_not_trained_again(tmp_path: Path) -> None:
    data, spec = tiny_data("table"), member(TREES)
    trained: list[int] = []

    def fit(seed: int, folder: Path | None) -> Any:
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(seed)
        return fit_member(spec, data, CLASSES, seed, 1)

    with pytest.raises(KeyboardInterrupt):
        fit_bag(3, 7, tmp_path, "m", fit, load_fitted)
    assert [(tmp_path / f"seed-{i}" / MARK).is_file() for i in range(3)] == [True, True, False]
    first, trained[:] = list(trained), []
    whole = fit_bag(3, 7, tmp_path, "m", fit, load_fitted)
    assert trained == [seed_of(7, "bag", 2)]
    assert first == [seed_of(7, "bag", i) for i in range(2)]
    trained.clear()
    with pytest.raises(KeyboardInterrupt):  # another job's are all trained anew
        fit_bag(3, 7, tmp_path, "other", fit, load_fitted)
    unbroken = fit_member(replace(spec, seeds=3), data, CLASSES, 7, 1)
    assert np.array_equal(whole.predict(data), unbroken.predict(data))


def test_one_seed_leaves_the_job_as_it_is_and_more_are_another() -> None:
    assert "seeds" not in member(TREES).plain()
    assert member(TREES, seeds=3).plain()["seeds"] == 3
    assert (member(TREES).fits, member(TREES, seeds=3).fits) == (1, 3)


def test_ablations_add_and_drop_it() -> None:
    base = recipe(TREES, seeds=3)
    assert variant(base, "table", "drop one.seeds").recipe.members["one"].seeds == 1
    assert variant(recipe(TREES), "table", "add one.seeds=3").recipe == base
    with pytest.raises(BadInput, match="seeds"):
        variant(base, "table", "add one.seeds=0")
