"""Searches that stand in a recipe where a value would, for `holdfast tune`.

    lr: {search: {log: [1.0e-4, 1.0e-2]}}                  a number, evenly by its logarithm
    width: {search: {int: [2, 8]}}                         a whole number, both ends included
    gamma: {search: {uniform: [0, 4]}}                     a number
    loss: {search: {choice: [cross_entropy, {focal: {gamma: {search: {uniform: [0, 4]}}}}]}}

A choice takes whole components; a search inside one of them counts only where that one is chosen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from holdfast.recipe.strict import Location, Nested, nearest

KEY = "search"
KINDS = ("log", "uniform", "int", "choice")
# Where a search may stand; with other data, folds or another metric, scores of trials could not be compared.
SEARCHED = ("prepare", "balance", "augment", "fit", "members", "predict", "ensemble")
GRID_POINTS = 5  # of a range of real numbers where a grid is asked for, both ends included


@dataclass(frozen=True)
class Search:
    """One search: a range, or a choice of options by their labels."""

    location: Location
    kind: str
    low: float = 0.0
    high: float = 0.0
    options: tuple[tuple[Any, Any], ...] = ()  # (label, value) in the recipe's order

    @property
    def path(self) -> str:
        """What the parameter is called: `members.conv.fit.lr`."""
        return ".".join(map(str, self.location))

    def option(self, label: Any) -> Any:
        """The value behind a label."""
        return next(value for known, value in self.options if _same(known, label))

    def grid(self) -> Sequence[Any]:
        """The values that a grid tries: all of them, or GRID_POINTS of a range of real numbers."""
        if self.kind == "choice":
            return [label for label, _ in self.options]
        if self.kind == "int":
            return range(int(self.low), int(self.high) + 1)
        low, high = (math.log(self.low), math.log(self.high)) if self.kind == "log" else (self.low, self.high)
        steps = [low + (high - low) * i / (GRID_POINTS - 1) for i in range(GRID_POINTS)]
        inner = [float(f"{math.exp(one) if self.kind == 'log' else one:.6g}") for one in steps[1:-1]]
        return [self.low, *inner, self.high]


def is_search(value: Any) -> bool:
    """
    >>> is_search({"search": {"int": [2, 8]}}), is_search({"focal": {"gamma": 2}})
    (True, False)
    """
    return isinstance(value, dict) and set(value) == {KEY}


def searched(values: Any, place: Location = ()) -> Iterator[Location]:
    """Where searches stand, those inside other searches left out.

    >>> list(searched({"fit": {"lr": {"search": {"log": [0.1, 1]}}}}))
    [('fit', 'lr')]
    """
    if is_search(values):
        yield place
    elif isinstance(values, dict | list):
        for key, item in values.items() if isinstance(values, dict) else enumerate(values):
            yield from searched(item, (*place, key))


def parse_search(value: dict[str, Any], place: Location) -> Search:
    """Raises Nested, with the place, for what is no search."""
    body = value[KEY]
    if not isinstance(body, dict) or len(body) != 1:
        raise Nested(
            [(place, f"expected one of {', '.join(KINDS)}, as {{search: {{log: [1.0e-4, 1.0e-2]}}}}")]
        )
    ((kind, given),) = body.items()
    if kind not in KINDS:
        raise Nested([(place, f"no search is called {kind!r}; {nearest(str(kind), KINDS)}")])
    if not isinstance(given, list) or (kind != "choice" and len(given) != 2):
        expected = "a list of options" if kind == "choice" else "[lowest, highest]"
        raise Nested([(place, f"{kind}: expected {expected}, got {given!r}")])
    if kind == "choice":
        return Search(place, kind, options=_options(given, place))
    low, high = (_number(one, kind, place) for one in given)
    if not low < high:
        raise Nested([(place, f"{kind}: expected [lowest, highest], got {given!r}")])
    if kind == "log" and low <= 0:
        raise Nested([(place, f"log: the lowest must be above 0, got {given[0]!r}")])
    return Search(place, kind, low, high)


def _number(value: Any, kind: str, place: Location) -> float:
    """A bound; YAML 1.1 reads 1e-4, which has no dot, as text."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise Nested([(place, f"{kind}: expected two numbers, got {value!r}")])
    if kind == "int" and number != int(number):
        raise Nested([(place, f"int: expected whole numbers, got {value!r}")])
    return number


def _options(given: list[Any], place: Location) -> tuple[tuple[Any, Any], ...]:
    if len(given) < 2:
        raise Nested([(place, "choice: expected at least two options")])
    if any(is_search(option) for option in given):
        raise Nested([(place, "choice: an option may hold a search in its fields, but not be one itself")])
    names = [_name(option) for option in given]
    labels = [
        name if sum(_same(name, other) for other in names) == 1 else json.dumps(option, default=str)
        for name, option in zip(names, given)
    ]
    for i, label in enumerate(labels):
        if any(_same(label, other) for other in labels[:i]):
            raise Nested([(place, f"choice: {label} stands twice")])
    return tuple(zip(labels, given))


def _name(option: Any) -> Any:
    """A short label: plain values as they are, `{focal: {gamma: 2}}` as focal, others as JSON."""
    if option is None or isinstance(option, bool | int | float | str):
        return option
    if isinstance(option, dict) and len(option) == 1:
        return str(next(iter(option)))
    return json.dumps(option, default=str)


def _same(one: Any, other: Any) -> bool:
    """Equal, where True is not 1."""
    return type(one) is type(other) and one == other


def fill(values: Any, choose: Callable[[Search], Any], place: Location = ()) -> Any:
    """The values with each search replaced by what `choose` says: a number, or the label of an option.

    >>> fill({"lr": {"search": {"log": [0.1, 1]}}}, lambda search: search.high)
    {'lr': 1.0}
    """
    if is_search(values):
        search = parse_search(values, place)
        said = choose(search)
        return fill(search.option(said), choose, place) if search.kind == "choice" else said
    if isinstance(values, dict):
        return {key: fill(item, choose, (*place, key)) for key, item in values.items()}
    if isinstance(values, list):
        return [fill(item, choose, (*place, i)) for i, item in enumerate(values)]
    return values


def all_searches(values: Any, place: Location = ()) -> Iterator[Search]:
    """Every search, those inside options of a choice too. Raises Nested."""
    if is_search(values):
        search = parse_search(values, place)
        yield search
        for _, option in search.options:
            yield from all_searches(option, place)
    elif isinstance(values, dict | list):
        for key, item in values.items() if isinstance(values, dict) else enumerate(values):
            yield from all_searches(item, (*place, key))


def size(values: Any, place: Location = (), grid: bool = False) -> int | None:
    """How many points there are, or a grid has; None where a range of real numbers makes them endless.

    >>> size({"a": {"search": {"int": [1, 3]}}, "b": {"search": {"choice": ["x", "y"]}}})
    6
    """
    if is_search(values):
        search = parse_search(values, place)
        if search.kind == "choice":
            parts = [size(option, place, grid) for _, option in search.options]
            return None if None in parts else sum(part for part in parts if part is not None)
        return len(search.grid()) if grid or search.kind == "int" else None
    if not isinstance(values, dict | list):
        return 1
    items = values.items() if isinstance(values, dict) else enumerate(values)
    parts = [size(item, (*place, key), grid) for key, item in items]
    return None if None in parts else math.prod(part for part in parts if part is not None)


def points(values: Any, place: Location = ()) -> Iterator[dict[str, Any]]:
    """Every point of the grid: value or label by path, with those paths alone that count there.

    >>> list(points({"a": {"search": {"choice": ["x", {"y": {"n": {"search": {"int": [1, 2]}}}}]}}}))
    [{'a': 'x'}, {'a': 'y', 'a.y.n': 1}, {'a': 'y', 'a.y.n': 2}]
    """
    if is_search(values):
        search = parse_search(values, place)
        for value in search.grid():
            below = points(search.option(value), place) if search.kind == "choice" else iter([{}])
            for point in below:
                yield {search.path: value, **point}
    elif isinstance(values, dict | list):
        items = values.items() if isinstance(values, dict) else enumerate(values)
        below_each = [list(points(item, (*place, key))) for key, item in items]
        for parts in product(*below_each):
            yield {path: value for part in parts for path, value in part.items()}
    else:
        yield {}
