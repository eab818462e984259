"""`holdfast list` and `holdfast schema` know what the registry knows."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from holdfast.cli.list import describe
from holdfast.cli.main import app
from holdfast.recipe.registry import FAMILIES, known

runner = CliRunner()
RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))


def test_every_component_and_field_is_listed() -> None:
    text = runner.invoke(app, ["list"]).stdout
    for kind in FAMILIES:
        for name, component in known(kind).items():
            assert f"{kind} {name}: " in text
            assert all(
                f"\n    {field.alias or key} " in text for key, field in component.model_fields.items()
            )


def test_one_kind_lists_no_other() -> None:
    text = runner.invoke(app, ["list", "metric"]).stdout
    assert "metric accuracy" in text
    assert "model " not in text


def test_a_field_shows_type_bounds_default_and_description() -> None:
    (line,) = [line for line in describe(known("augment")["roll"]) if line.split()[0] == "p"]
    assert " ".join(line.split()) == "p float > 0 ≤ 1 = 1.0 share of samples that are rolled"


@cache
def schema() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(runner.invoke(app, ["schema"]).stdout)
    return made


def faults(values: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(schema()).iter_errors(values)]


def test_the_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_worked_recipes_fit_the_schema(path: Path) -> None:
    assert faults(yaml.safe_load(path.read_text())) == []


def test_the_schema_takes_one_step_in_place_of_a_list() -> None:
    values = yaml.safe_load(RECIPES[0].read_text())
    assert faults({**values, "augment": "roll"}) == []


def test_the_schema_refuses_an_unknown_key() -> None:
    values = yaml.safe_load(RECIPES[0].read_text())
    assert faults({**values, "fit": {"epoch": 3}})
    assert faults({**values, "metrics": "accuracy"})


def test_a_recipe_that_extends_may_hold_parts_only() -> None:
    assert faults({"extends": "other.yaml", "data": {"folder": "there"}, "members": {"svc": None}}) == []
    assert faults({"extends": "other.yaml", "metrics": "accuracy"})


SEARCHES: dict[str, Any] = {
    "fit": {"lr": {"search": {"log": [1e-4, 1e-2]}}, "epochs": {"search": {"int": [10, 40]}}},
    "augment": {"search": {"choice": [[], ["roll"]]}},
    "prepare": ["impute", {"search": {"choice": ["standardize", "rank"]}}],
    "members": {
        "one": {"search": {"choice": [{"model": "svc"}, {"model": "knn", "loss": None}]}},
        "two": {
            "model": {"search": {"choice": ["conv_residual", {"lstm": {"width": {"search": {"choice": [32, 64]}}}}]}},
            "loss": {"focal": {"gamma": {"search": {"uniform": [0.5, 4]}}}},
        },
    },
    "ensemble": {"search": {"choice": ["mean", "rank_mean"]}},
}  # fmt: skip


def test_the_schema_takes_a_search_where_tune_does() -> None:
    values = yaml.safe_load(RECIPES[0].read_text())
    for name, value in SEARCHES.items():
        assert faults({**values, name: value}) == [], name
        for mistaken in (
            {"search": {"lgo": [1, 2]}},
            {"search": {"log": [1]}},
            {"search": {"choice": ["a"]}},
        ):
            assert faults({**values, name: mistaken})
    for name in ("metric", "folds", "data", "seed"):
        assert faults({**values, name: {"search": {"choice": [1, 2]}}}), name
    assert faults({**values, "fit": {"lr": -1}})
