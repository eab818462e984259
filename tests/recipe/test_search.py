"""Searches in a recipe: how they are read, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny
import yaml

from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe, read_source
from holdfast.recipe.search import all_searches, fill, parse_search, points, size
from holdfast.recipe.strict import Nested
from holdfast.train import train


def search(**body: Any) -> dict[str, Any]:
    return {"search": body}


CONDITIONAL = {
    "loss": search(choice=["cross_entropy", {"focal": {"gamma": search(int=[1, 2])}}]),
    "fit": {"epochs": search(int=[3, 5])},
}


def test_each_kind_of_range_is_read() -> None:
    values = {"a": search(log=[1e-4, 1e-2]), "b": search(uniform=[0, 1]), "c": search(int=[2, 8])}
    read = {one.path: (one.kind, one.low, one.high) for one in all_searches(values)}
    assert read == {"a": ("log", 1e-4, 1e-2), "b": ("uniform", 0, 1), "c": ("int", 2, 8)}


def test_bounds_that_yaml_reads_as_text_are_numbers() -> None:
    found = parse_search(yaml.safe_load("{search: {log: [1e-4, 1e-2]}}"), ("lr",))
    assert (found.low, found.high) == (1e-4, 1e-2)


def test_a_search_inside_an_option_counts_only_there() -> None:
    assert [one.path for one in all_searches(CONDITIONAL)] == ["loss", "loss.focal.gamma", "fit.epochs"]
    asked: list[str] = []

    def first(one: Any) -> Any:
        asked.append(one.path)
        return one.grid()[0]

    assert fill(CONDITIONAL, first) == {"loss": "cross_entropy", "fit": {"epochs": 3}}
    assert asked == ["loss", "fit.epochs"]
    last = fill(CONDITIONAL, lambda one: one.grid()[-1])
    assert last == {"loss": {"focal": {"gamma": 2}}, "fit": {"epochs": 5}}


def test_the_grid_is_every_point_once() -> None:
    made = list(points(CONDITIONAL))
    assert len(made) == size(CONDITIONAL) == 3 * 3
    assert len({tuple(sorted(one.items(), key=str)) for one in made}) == 9
    assert {"loss": "cross_entropy", "fit.epochs": 4} in made
    assert all(("loss.focal.gamma" in one) == (one["loss"] == "focal") for one in made)


def test_a_real_range_is_endless_and_has_five_points_in_a_grid() -> None:
    values = {"lr": search(log=[0.0001, 1])}
    assert size(values) is None
    assert size(values, grid=True) == 5
    assert [one["lr"] for one in points(values)] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])


def test_options_of_one_name_are_told_apart() -> None:
    found = parse_search(search(choice=[{"focal": {"gamma": 1}}, {"focal": {"gamma": 2}}, [], ["roll"]]), ())
    assert [found.option(label) for label, _ in found.options] == [value for _, value in found.options]
    assert len({label for label, _ in found.options}) == 4


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"lgo": [1, 2]}, "did you mean 'log'"),
        ({"log": [0, 1]}, "above 0"),
        ({"log": [1]}, "[lowest, highest]"),
        ({"uniform": [2, 1]}, "[lowest, highest]"),
        ({"uniform": ["a", 1]}, "two numbers"),
        ({"uniform": [True, 3]}, "two numbers"),
        ({"int": [1.5, 3]}, "whole numbers"),
        ({"choice": ["a"]}, "two options"),
        ({"choice": ["a", "a"]}, "stands twice"),
        ({"choice": "ab"}, "a list of options"),
        ({"choice": [1, {"search": {"int": [2, 3]}}]}, "not be one itself"),
        ({"int": [1, 2], "log": [1, 2]}, "expected one of log"),
        (3, "expected one of log"),
    ],
)
def test_what_is_no_search_is_refused(body: Any, said: str) -> None:
    with pytest.raises(Nested) as caught:
        parse_search({"search": body}, ("fit", "lr"))
    ((place, message),) = caught.value.items
    assert place == ("fit", "lr")
    assert said in message


def test_train_refuses_a_search_and_names_its_place(tmp_path: Path) -> None:
    members = {"trees": {"model": {"extra_trees": {"n_estimators": search(int=[2, 8])}}}}
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data"), members)))
    with pytest.raises(BadInput) as caught:
        train(file, tmp_path / "run")
    message = str(caught.value)
    assert "members.trees.model.extra_trees.n_estimators: a search stands here" in message
    assert "holdfast tune" in message
    assert message.startswith(f"{file}:")
    assert not (tmp_path / "run").exists()
    given = ["members.trees.model.extra_trees.n_estimators=5"]
    assert load_recipe(file, given).members["trees"].model.n_estimators == 5  # type: ignore[attr-defined]


def test_a_search_replaces_another_of_an_extended_recipe(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("fit: {lr: {search: {log: [0.1, 1]}}}\n")
    (tmp_path / "mine.yaml").write_text("extends: base.yaml\nfit: {lr: {search: {uniform: [0, 1]}}}\n")
    assert read_source(tmp_path / "mine.yaml").values["fit"] == {"lr": search(uniform=[0, 1])}
