"""`holdfast schema`: the JSON schema of a recipe, for editors."""

from __future__ import annotations

from typing import Any

import typer


def schema() -> None:
    """Print the JSON schema of a recipe, for editors that complete and check YAML.

    Save it (`holdfast schema > recipe.schema.json`) and put at the top of a recipe:
    # yaml-language-server: $schema=recipe.schema.json
    """
    import json

    typer.echo(json.dumps(recipe_schema(), indent=1, ensure_ascii=False))


def recipe_schema() -> dict[str, Any]:
    """The schema of a recipe file. One that extends another holds parts only, so just its keys are checked."""
    from holdfast.recipe.schema import Recipe
    from holdfast.recipe.search_schema import taking_searches

    whole = Recipe.model_json_schema(by_alias=True)
    definitions = whole.pop("$defs", {})
    keys = {
        name: {"description": field.get("description", "")} for name, field in whole["properties"].items()
    }
    parent = {"type": "string", "description": "recipe file whose values hold where this one states none"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Recipe",
        "description": whole["description"],
        "type": "object",
        "properties": {**keys, "extends": parent},
        "additionalProperties": False,
        "if": {"required": ["extends"]},
        "else": {"$ref": "#/$defs/Recipe"},
        "$defs": taking_searches(whole, definitions),
    }
