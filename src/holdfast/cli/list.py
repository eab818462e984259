"""`holdfast list [KIND]`: every component, from the registry alone."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from holdfast.recipe.registry import Component

INDENT = "    "
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def list_components(
    kind: Annotated[
        str | None, typer.Argument(help="one kind only, such as model or metric", show_default=False)
    ] = None,
) -> None:
    """List every component with its fields: name, type, default, and what it does."""
    from holdfast.recipe.registry import FAMILIES, known

    blocks = []
    for name in [kind] if kind else FAMILIES:
        there = known(name)
        blocks.append(
            "\n\n".join(["\n".join(describe(one)) for one in there.values()] or [f"{name}: none yet"])
        )
    typer.echo("\n\n".join(blocks))


def describe(component: type[Component]) -> list[str]:
    """`kind name: what it is`, then a line for each field."""
    from holdfast.cli.columns import columns

    first = (inspect.getdoc(component) or "").split("\n\n")[0].replace("\n", " ")
    rows = [
        [field.alias or name, type_of(field), default_of(field), field.description or ""]
        for name, field in component.model_fields.items()
    ]
    lines = [INDENT + line for line in columns(rows)] if rows else []
    return [f"{component.kind} {component.name}: {first}", *lines]


def type_of(field: FieldInfo) -> str:
    """A field's type with its bounds, as in `int ≥ 1`."""
    bounds = [
        f"{sign} {getattr(bound, name):g}"
        for bound in field.metadata
        for name, sign in SIGNS.items()
        if hasattr(bound, name)
    ]
    return " ".join([type_in_words(field.annotation), *bounds])


def type_in_words(annotation: Any) -> str:
    """A Python type as a recipe's reader would say it.

    >>> type_in_words(int | None), type_in_words(tuple[str, ...]), type_in_words(Literal["a", "b"])
    ('int or null', 'list of str', 'a or b')
    """
    if annotation is type(None):
        return "null"
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(str(part) for part in parts)
    if origin in (tuple, list):
        return f"list of {type_in_words(parts[0])}"
    if origin is dict:
        return f"{type_in_words(parts[1])} by {type_in_words(parts[0])}"
    if origin is Annotated:
        return type_in_words(parts[0])
    if parts:
        return " or ".join(type_in_words(part) for part in parts)
    return getattr(annotation, "__name__", str(annotation))


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "= " + (value if isinstance(value, str) else json.dumps(value, default=str))
