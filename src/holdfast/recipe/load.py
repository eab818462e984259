"""From a YAML file to a checked recipe; every error names file, line and field."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from holdfast.errors import BadInput
from holdfast.recipe.registry import load_user_components
from holdfast.recipe.schema import Recipe
from holdfast.recipe.search import searched
from holdfast.recipe.strict import Location, flatten

# Fields that hold one component: another name there replaces, it does not merge.
ONE_COMPONENT = {"model", "loss", "features", "balance", "ensemble", "metric", "data", "folds", "search"}


@dataclass
class Source:
    """Plain values, and where each was written ("file.yaml:12" or "--set …")."""

    values: dict[str, Any]
    places: dict[Location, str] = field(default_factory=dict)

    def place(self, location: Location) -> str:
        """Where the deepest written part of a location stands."""
        while location not in self.places and location:
            location = location[:-1]
        return self.places.get(location, "recipe")


def load_recipe(
    source: str | Path | dict[str, Any] | Recipe, overrides: list[str] | None = None, base: Path | None = None
) -> Recipe:
    """Read, override and check a recipe.

    `source`: a YAML file, plain values, or a recipe. `overrides`: lines like `fit.epochs=3`. `base`: the folder
    that components files are relative to, where the source is no file. Raises BadInput with every fault found,
    one a line.
    """
    if isinstance(source, Recipe):
        source = source.written()
    base = base or Path.cwd() if isinstance(source, dict) else Path(source).parent
    found = read_source(source, overrides)
    _refuse_searches(found)
    files = found.values.get("components") or []
    if isinstance(files, list):
        load_user_components([base / str(file) for file in files])
    try:
        return Recipe.model_validate(found.values)
    except ValidationError as error:
        raise BadInput(_explain(found, error)) from None


def read_source(source: str | Path | dict[str, Any], overrides: list[str] | None = None) -> Source:
    """The plain values of a recipe with what it extends and what overrides say; open questions are refused."""
    found = Source(deepcopy(source)) if isinstance(source, dict) else _with_parents(Path(source))
    for line in overrides or []:
        _override(found, line)
    _refuse_questions(found)
    return found


def _explain(found: Source, error: ValidationError) -> str:
    lines = []
    for location, message in flatten(error):
        lines.append(f"{found.place(location)}: {'.'.join(map(str, location)) or 'recipe'}: {message}")
    return "\n".join(lines)


def _with_parents(path: Path, seen: tuple[Path, ...] = ()) -> Source:
    source = read_yaml(path)
    parent = source.values.pop("extends", None)
    if parent is None:
        return source
    if not isinstance(parent, str):
        raise BadInput(
            f"{source.place(('extends',))}: extends: expected the name of one YAML file, got {parent!r}"
        )
    here = path.resolve()
    if here in seen:
        raise BadInput(f"{path}: extends: the files extend each other in a circle")
    if not (path.parent / parent).is_file():
        raise BadInput(f"{source.place(('extends',))}: extends: {path.parent / parent} does not exist")
    above = _with_parents(path.parent / parent, (*seen, here))
    return Source(_merge(above.values, source.values), above.places | source.places)


def _merge(below: dict[str, Any], over: dict[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    merged = dict(below)
    for key, value in over.items():
        there = merged.get(key)
        if path == ("members",) and value is None:
            merged.pop(key, None)
        elif (
            isinstance(value, dict) and isinstance(there, dict) and not _another_component(key, there, value)
        ):
            merged[key] = _merge(there, value, (*path, str(key)))
        else:
            merged[key] = value
    return merged


def _another_component(key: str, there: dict[str, Any], value: dict[str, Any]) -> bool:
    if key not in ONE_COMPONENT:
        return False
    if "kind" in there or "kind" in value:
        return value.get("kind", there.get("kind")) != there.get("kind")
    return set(there) != set(value)


def read_yaml(path: Path) -> Source:
    """The values of one YAML file with their lines; a key written twice is refused."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(f"{path}: no such recipe file") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise BadInput(f"{path}{line}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(node, yaml.MappingNode):
        raise BadInput(
            f"{path}: expected a recipe, key: value lines, found {'nothing' if node is None else 'something else'}"
        )
    source = Source({})
    source.values = _build(node, (), source.places, path)
    return source


def _build(node: yaml.Node, place: Location, places: dict[Location, str], path: Path) -> Any:
    places[place] = f"{path}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(_scalar(key_node, path))
            if key in values:
                line = key_node.start_mark.line + 1
                raise BadInput(
                    f"{path}:{line}: {'.'.join(map(str, (*place, key)))}: this key is written twice"
                )
            values[key] = _build(value_node, (*place, key), places, path)
            places[(*place, key)] = f"{path}:{key_node.start_mark.line + 1}"
        return values
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*place, i), places, path) for i, item in enumerate(node.value)]
    return _scalar(node, path)


def _scalar(node: yaml.Node, path: Path) -> Any:
    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:  # a tag that YAML does not know, a date that is none
        reason = getattr(error, "problem", None) or error
        raise BadInput(f"{path}:{node.start_mark.line + 1}: not a plain YAML value: {reason}") from None


def _override(source: Source, line: str) -> None:
    """Apply one `a.b.c=value` line to the plain values."""
    path, equals, text = line.partition("=")
    if not equals or not path.strip():
        raise BadInput(f"--set {line}: expected path=value, as in --set fit.epochs=3")
    keys = path.strip().split(".")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    here: Any = source.values
    place: Location = ()
    for depth, key in enumerate(keys[:-1]):
        place = (*place, _index(here, key, line) if isinstance(here, list) else key)
        here = _step_into(here, key, keys[depth + 1], line)
    last: Any = _index(here, keys[-1], line) if isinstance(here, list) else keys[-1]
    here[last] = value
    source.places[(*place, last)] = f"--set {line}"


def _step_into(here: Any, key: str, following: str, line: str) -> Any:
    """The container below `key`; a bare component name becomes `{name: {}}` when its field follows."""
    index: Any = _index(here, key, line) if isinstance(here, list) else key
    there = here[index] if isinstance(here, list) else here.get(key)
    if there is None:
        there = {}
    elif isinstance(there, str) and there == following:
        there = {there: {}}
    elif isinstance(there, str) and key in ("folds", "data"):
        there = {"kind": there}
    elif not isinstance(there, dict | list):
        raise BadInput(f"--set {line}: {key} holds {there!r}, which has nothing named {following!r} in it")
    here[index] = there
    return there


def _index(here: list[Any], key: str, line: str) -> int:
    if not key.isdigit() or int(key) >= len(here):
        raise BadInput(f"--set {line}: {key!r} is no place in a list of {len(here)}")
    return int(key)


def _refuse_questions(source: Source) -> None:
    """`new` writes a value that starts with "?" where it must ask; nothing runs before it is answered."""
    open_questions = []

    def walk(value: Any, place: Location) -> None:
        if isinstance(value, str) and value.startswith("?"):
            field_path = ".".join(map(str, place))
            open_questions.append(
                f"{source.place(place)}: {field_path}: a question is open: {value[1:].strip()}"
            )
        elif isinstance(value, dict | list):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                walk(item, (*place, key))

    walk(source.values, ())
    if open_questions:
        raise BadInput("\n".join(open_questions))


def _refuse_searches(source: Source) -> None:
    """A recipe that is trained states values; where a search stands, only `holdfast tune` knows what to do."""
    for place in searched(source.values):
        raise BadInput(
            f"{source.place(place)}: {'.'.join(map(str, place))}: a search stands here, and a value is needed;"
            " `holdfast tune` tries them and writes the recipe with the best, `--set` gives one"
        )
