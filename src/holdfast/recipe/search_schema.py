"""The JSON schema of searches: where a value may be tuned, an editor takes a search for it too."""

from __future__ import annotations

from typing import Any

from holdfast.recipe.search import GRID_POINTS, SEARCHED

REFERENCE = {"$ref": "#/$defs/Search"}
_BOUNDS = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
_KINDS: dict[str, dict[str, Any]] = {
    "log": {
        **_BOUNDS,
        "description": f"[lowest, highest], evenly by the logarithm; a grid takes {GRID_POINTS} points",
    },
    "uniform": {**_BOUNDS, "description": f"[lowest, highest]; a grid takes {GRID_POINTS} points"},
    "int": {
        **_BOUNDS,
        "items": {"type": "integer"},
        "description": "[lowest, highest], whole numbers, both ends included",
    },
    "choice": {
        "type": "array",
        "minItems": 2,
        "description": "values or whole components; a search inside one counts only where that one is chosen",
    },
}
SEARCH: dict[str, Any] = {
    "type": "object",
    "description": "what `holdfast tune` tries here",
    "properties": {
        "search": {
            "type": "object",
            "properties": _KINDS,
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }
    },
    "required": ["search"],
    "additionalProperties": False,
}


def taking_searches(whole: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions of a recipe's schema in which a search may stand wherever one may be tuned.

    `whole` is the recipe's own schema, `definitions` those that it refers to.
    """
    fields = {
        name: _or_search(_below(field)) if name in SEARCHED else field
        for name, field in whole["properties"].items()
    }
    below = {name: _below(one) for name, one in definitions.items()}
    return {**below, "Recipe": {**whole, "properties": fields}, "Search": SEARCH}


def _below(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose fields and items may be searches; what it is itself is left as it is."""
    made = dict(schema)
    for key, part in schema.items():
        if key == "properties":
            made[key] = {name: _or_search(_below(one)) for name, one in part.items()}
        elif key in ("items", "additionalProperties") and isinstance(part, dict):
            made[key] = _or_search(_below(part))
        elif key == "prefixItems":
            made[key] = [_or_search(_below(one)) for one in part]
        elif key in ("anyOf", "oneOf", "allOf"):
            made[key] = [_below(one) for one in part]
    return made


def _or_search(schema: dict[str, Any]) -> dict[str, Any]:
    """Alternatives are lengthened; what describes a field stays outside, where editors look for it."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], REFERENCE]}
    said = ("title", "description", "default", "examples")
    outside = {key: one for key, one in schema.items() if key in said}
    return {**outside, "anyOf": [{key: one for key, one in schema.items() if key not in said}, REFERENCE]}
