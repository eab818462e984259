"""Components: one class each, found by kind and name.

A component is a frozen spec: its fields are its recipe entry, its docstring its documentation, its
methods do the work. To add one, subclass the base class of its kind in a file of that kind's folder
(or in a `.py` that the recipe names under `components`, or behind the entry point group
`holdfast.components`) and decorate it with `@component("its_name")`. Modules that define components
import nothing heavy at their top.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import core_schema

from holdfast.errors import BadInput
from holdfast.recipe.strict import Nested, Strict, flatten, nearest
from holdfast.trust import refuse_untrusted

OF_USER = "holdfast_user_"  # begins the names of the modules that the user's own files become

# Where the components of each kind live. Imported when they are asked for, never before.
FAMILIES = {
    "data": "holdfast.data",
    "folds": "holdfast.folds",
    "metric": "holdfast.metrics",
    "prepare": "holdfast.prepare",
    "features": "holdfast.features",
    "select": "holdfast.select",
    "balance": "holdfast.balance",
    "augment": "holdfast.augment",
    "loss": "holdfast.losses",
    "model": "holdfast.models",
    "tta": "holdfast.predict",
    "postprocess": "holdfast.predict",
    "ensemble": "holdfast.ensemble",
    "tracker": "holdfast.track",
}
ENTRY_POINT_GROUP = "holdfast.components"

_found: dict[str, dict[str, type[Component]]] = {kind: {} for kind in FAMILIES}
_loaded: set[str] = set()
_inside: set[str] = set()  # kinds whose JSON schema is being made


class Component(Strict):
    """The base of every component. `kind` and `name` say where it stands in a recipe."""

    kind: ClassVar[str]
    name: ClassVar[str]
    reads_file: ClassVar[str] = ""  # the field with the path of a file whose content decides what it does
    other_form: ClassVar[dict[str, Any] | None] = None  # JSON schema of what `fields_of` takes

    @classmethod
    def fields_of(cls, value: Any) -> dict[str, Any] | None:
        """The fields that another form of the recipe entry, no `key: value`, stands for; None: there is none."""
        return None

    def entry(self) -> dict[str, Any]:
        """The recipe entry that makes this component again: `{name: {fields}}`."""
        return {self.name: self.model_dump(mode="json", by_alias=True)}


C = TypeVar("C", bound=type[Component])


def component(name: str) -> Callable[[C], C]:
    """Register the decorated class under `name` within its kind."""

    def register(cls: C) -> C:
        there = _found[cls.kind].get(name)
        if there is not None and (there.__module__, there.__qualname__) != (cls.__module__, cls.__qualname__):
            raise BadInput(
                f"two {cls.kind} components are named {name!r}: {there.__module__} and {cls.__module__}"
            )
        cls.name = name
        _found[cls.kind][name] = cls
        return cls

    return register


@cache
def _installed(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Components that other packages on `path` bring; looked for once, since every package there is opened."""
    return tuple(entry_points(group=ENTRY_POINT_GROUP))


def known(kind: str) -> dict[str, type[Component]]:
    """Every component of a kind, by name."""
    if kind not in FAMILIES:
        raise BadInput(f"unknown kind of component {kind!r}; {nearest(kind, FAMILIES)}")
    if kind not in _loaded:
        _loaded.add(kind)
        package = importlib.import_module(FAMILIES[kind])
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
        for entry in _installed(tuple(sys.path)):
            try:
                entry.load()
            except Exception as error:
                _loaded.discard(kind)
                raise BadInput(
                    f"the installed package behind the entry point {entry.name!r} ({ENTRY_POINT_GROUP}: {entry.value})"
                    f" cannot be imported: {type(error).__name__}: {error}"
                ) from error
    return dict(sorted(_found[kind].items()))


def load_user_components(files: list[Path]) -> str:
    """Import the user's own component files; returns a hash of what they hold ('' where there are none)."""
    digest = hashlib.sha256()
    for file in files:
        if not file.is_file():
            raise BadInput(f"components: {file} does not exist")
        refuse_untrusted(file)
        text = file.read_bytes()
        digest.update(text)
        module_name = f"{OF_USER}{file.stem}_{hashlib.sha256(text).hexdigest()[:8]}"
        if module_name in sys.modules:
            continue
        for kind in FAMILIES:  # so that a clash of names is found whichever comes first
            known(kind)
        spec = importlib.util.spec_from_file_location(module_name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[module_name]
            raise BadInput(
                f"components: {file} cannot be imported: {type(error).__name__}: {error}"
            ) from error
    return digest.hexdigest()[:16] if files else ""


def user_components() -> list[Path]:
    """The user's own component files that this process has imported and that are still there, in that order."""
    files = [module.__file__ for name, module in sys.modules.items() if name.startswith(OF_USER)]
    return [Path(file) for file in files if file is not None and Path(file).is_file()]


def parse(kind: str, value: Any) -> Component:
    """Turn a recipe entry into a component.

    Takes a bare name, `{name: {fields}}`, or `{kind: name, **fields}`.
    """
    if isinstance(value, Component):
        if value.kind != kind:
            raise ValueError(f"expected a component of kind {kind!r}, got {value.kind!r}")
        return value
    if isinstance(value, str):
        return _make(kind, value, {}, ())
    if isinstance(value, dict) and isinstance(value.get("kind"), str):
        fields = {key: item for key, item in value.items() if key != "kind"}
        return _make(kind, value["kind"], fields, ())
    if isinstance(value, dict) and len(value) == 1:
        ((name, fields),) = value.items()
        return _make(kind, str(name), {} if fields is None else fields, (str(name),))
    raise ValueError(f"expected the name of a {kind} component, or {{name: {{fields}}}}, got {value!r}")


def _make(kind: str, name: str, fields: Any, place: tuple[str, ...]) -> Component:
    names = known(kind)
    if name not in names:
        raise Nested([(place, f"no {kind} component is named {name!r}; {nearest(name, names)}")])
    if not isinstance(fields, dict):
        stated = names[name].fields_of(fields)
        if stated is None:
            raise Nested([(place, f"expected the fields of {name}, as key: value, got {fields!r}")])
        fields = stated
    try:
        return names[name].model_validate(fields)
    except ValidationError as error:
        raise Nested([(place + below, message) for below, message in flatten(error)]) from None


class Named:
    """Annotation of a recipe field that holds a component of one kind."""

    def __init__(self, kind: str, by_kind: bool = False):
        self.kind = kind
        self.by_kind = by_kind  # written as {kind: name, …} rather than {name: {…}}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: parse(self.kind, value),
            serialization=core_schema.plain_serializer_function_ser_schema(self._written),
        )

    def _written(self, value: Component) -> Any:
        fields = value.model_dump(mode="json", by_alias=True)
        return {"kind": value.name, **fields} if self.by_kind else {value.name: fields}

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        names = known(self.kind)
        choices: list[dict[str, Any]] = [{"enum": list(names)}]
        if self.kind in _inside:  # a model inside a model: its fields stand at the outer one
            one = {
                "type": "object",
                "propertyNames": {"enum": list(names)},
                "minProperties": 1,
                "maxProperties": 1,
            }
            return {"anyOf": [*choices, one]}
        _inside.add(self.kind)
        try:
            return {"anyOf": [*choices, *self._in_full(names)]}
        finally:
            _inside.remove(self.kind)

    def _in_full(self, names: dict[str, type[Component]]) -> list[dict[str, Any]]:
        """A schema a component, with its fields."""
        choices: list[dict[str, Any]] = []
        for name, cls in names.items():
            fields = inlined(cls.model_json_schema(by_alias=True))
            if self.by_kind:
                fields["properties"] = {"kind": {"const": name}, **fields.get("properties", {})}
                fields["required"] = ["kind", *fields.get("required", [])]
                choices.append(fields)
            else:
                either = fields if cls.other_form is None else {"anyOf": [fields, cls.other_form]}
                choices.append(
                    {
                        "type": "object",
                        "properties": {name: either},
                        "required": [name],
                        "additionalProperties": False,
                    }
                )
        return choices


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema without `$defs`: each reference replaced by what it names."""
    definitions = schema.pop("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return walk(definitions[node["$ref"].rsplit("/", 1)[-1]])
            return {key: walk(item) for key, item in node.items()}
        return [walk(item) for item in node] if isinstance(node, list) else node

    return walk(schema)
