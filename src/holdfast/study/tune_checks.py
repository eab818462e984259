"""What a recipe with searches must be, before anything is tried."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from holdfast.errors import BadInput
from holdfast.models.base import Network
from holdfast.recipe.load import Source, load_recipe
from holdfast.recipe.schema import Recipe
from holdfast.recipe.search import SEARCHED, Search, all_searches, fill, searched
from holdfast.recipe.strict import Nested
from holdfast.study.tune_samplers import OF_EPOCHS


def check_searches(source: Source) -> list[Search]:
    """Every search of the recipe. Raises BadInput for what is no search, or stands where it may not."""
    places = list(searched(source.values))
    if not places:
        raise BadInput(
            "nothing to tune: no search stands in the recipe; write one where a value would stand, as"
            " lr: {search: {log: [1.0e-4, 1.0e-2]}}"
        )
    for place in places:
        if place[0] not in SEARCHED:
            raise BadInput(
                f"{source.place(place)}: {'.'.join(map(str, place))}: no search may stand in {place[0]}: the scores of"
                f" trials could not be compared; it may in {', '.join(SEARCHED)}"
            )
    if source.values.get("budget") is not None:
        raise BadInput(
            f"{source.place(('budget',))}: budget: it would score members that were cut short; leave it out,"
            " --timeout limits a study"
        )
    try:
        found = list(all_searches(source.values))
    except Nested as error:
        raise BadInput(_lines(source, error)) from None
    names = [one.path for one in found]
    for one in found:
        if names.count(one.path) > 1:
            raise BadInput(
                f"{source.place(one.location)}: {one.path}: two options hold a search of this name; one name must"
                " mean one search"
            )
    return found


def _lines(source: Source, error: Nested) -> str:
    return "\n".join(f"{source.place(at)}: {'.'.join(map(str, at))}: {said}" for at, said in error.items)


def check_sampler(sampler: str, source: Source, listed: Sequence[Search]) -> None:
    """Raises BadInput where CMA-ES would draw every value at random."""
    outside = set(searched(source.values))
    if sampler == "cmaes" and sum(one.kind != "choice" and one.location in outside for one in listed) < 2:
        raise BadInput(
            "--sampler cmaes: it needs two searches of numbers that stand in no choice, and would draw all others at"
            " random; take tpe"
        )


def check_pruner(pruner: str, listed: Sequence[Search]) -> None:
    """Raises BadInput where losses of epochs would be compared that are not alike."""
    for one in listed if pruner in OF_EPOCHS else ():
        for field, said in (("loss", "the loss itself"), ("epochs", "how many there are")):
            if field in one.location:
                raise BadInput(
                    f"--pruner {pruner}: it compares losses of epochs, and {one.path} searches {said};"
                    " take wilcoxon, which compares scores of folds, or none"
                )


def first_recipe(source: Source, base: Path, pruner: str = "none") -> Recipe:
    """The recipe of the first point, after each option of each choice was checked once. Raises BadInput."""
    first = None
    for one in all_searches(source.values):
        for value in (one.grid()[0], one.grid()[-1]) if one.kind != "choice" else one.grid():
            where = f"{source.place(one.location)}: {one.path}: with {value!r}"
            try:
                made = load_recipe(fill(source.values, partial(_leading, one, value)), base=base)
            except BadInput as error:
                raise BadInput(f"{where}: {error}") from None
            first = first or made
            if pruner in OF_EPOCHS and _networks(made) != _networks(first):
                raise BadInput(
                    f"{where}: --pruner {pruner} compares losses of epochs, and networks are searched beside models"
                    " without epochs; take wilcoxon, which compares scores of folds, or none"
                )
    return load_recipe(fill(source.values, lambda search: search.grid()[0]), base=base)


def _networks(recipe: Recipe) -> set[str]:
    return {name for name, member in recipe.members.items() if isinstance(member.model, Network)}


def _leading(towards: Search, value: Any, search: Search) -> Any:
    """What leads to a value of a search that may stand inside an option of this one."""
    if search.location == towards.location:
        return value
    inside = [
        label
        for label, option in search.options
        if any(one.location == towards.location for one in all_searches(option, search.location))
    ]
    return inside[0] if inside else search.grid()[0]
