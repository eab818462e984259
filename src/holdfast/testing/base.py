"""What holds for every component, whatever its kind."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from holdfast.recipe.registry import Component, parse

# Imported where they are used, so that listing components and reading a recipe stay fast.
HEAVY = {
    "torch",
    "torchvision",
    "sklearn",
    "scipy",
    "aeon",
    "numba",
    "lightgbm",
    "xgboost",
    "catboost",
    "timm",
    "tensorboard",
    "wandb",
    "mlflow",
}


def example_of(cls: type[Component], over: dict[str, Any] | None = None) -> Component:
    """A component with its defaults; a required field takes the first of its `examples`.

    `over` gives other values for those of its fields that it names.
    """
    values = {name: value for name, value in (over or {}).items() if name in cls.model_fields}
    for name, field in cls.model_fields.items():
        if name in values or not field.is_required():
            continue
        if not field.examples:
            raise ValueError(
                f"{cls.__name__}.{name} is required: give it Field(examples=[…]), which tests and docs use"
            )
        values[name] = field.examples[0]
    return cls.model_validate(values)


class ComponentContract:
    """Set `component` to an instance; every test reads that."""

    component: ClassVar[Any]

    def test_docstring_says_what_it_is(self) -> None:
        lines = (type(self.component).__doc__ or "").strip().splitlines()
        assert lines, "the docstring is the component's documentation"
        assert lines[0].rstrip().endswith((".", ";", ":")), (
            f"the first line is a sentence, found {lines[0]!r}"
        )

    def test_every_field_has_a_description(self) -> None:
        without = [name for name, field in type(self.component).model_fields.items() if not field.description]
        assert not without, f"Field(description=…) is missing for {without}"

    def test_recipe_entry_makes_it_again(self) -> None:
        entry = json.loads(json.dumps(self.component.entry()))
        assert parse(self.component.kind, entry) == self.component
        ((name, fields),) = entry.items()
        assert parse(self.component.kind, {"kind": name, **fields}) == self.component

    def test_is_frozen(self) -> None:
        for name in type(self.component).model_fields:
            with pytest.raises(ValueError, match="frozen"):
                setattr(self.component, name, None)

    def test_unknown_key_is_refused(self) -> None:
        ((name, fields),) = self.component.entry().items()
        with pytest.raises(ValueError, match="unknown key"):
            parse(self.component.kind, {name: {**fields, "no_such_field": 1}})

    def test_schema_describes_its_fields(self) -> None:
        properties = type(self.component).model_json_schema(by_alias=True).get("properties", {})
        assert len(properties) == len(type(self.component).model_fields)
        assert all("description" in field for field in properties.values())

    def test_its_module_imports_nothing_heavy(self) -> None:
        module = sys.modules[type(self.component).__module__]
        heavy = {name for name in _imports_at_top(inspect.getsource(module)) if name in HEAVY}
        assert not heavy, f"import {sorted(heavy)} inside the function that uses it"


def _imports_at_top(source: str) -> Iterator[str]:
    """Packages that a module imports when it is imported."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
