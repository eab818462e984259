"""Every technique of a recipe that can be left out, one at a time."""

from __future__ import annotations

from typing import Any

from holdfast.recipe.registry import known
from holdfast.recipe.schema import Fit, Recipe
from holdfast.study.ablate_changes import IN_PREDICT, LISTS, ONES, Values, name_of

OF_FIT = ("ema", "layer_decay", "progressive", "pretrain", "init_from", "freeze", "patience", "best")


def everything(base: Recipe, kind: str) -> list[str]:
    """Paths to drop: items of lists, components with a default to go back to, techniques of `fit`, members.

    Whether the recipe stays valid without each is for the caller to find out.
    """
    values = base.written()
    members: dict[str, Values] = values["members"]
    said = []
    for key in LISTS:
        lists = [_inside(one, key).get(key) for one in (values, *members.values())]
        if key == "prepare" and values["prepare"] is None:
            lists[0] = list(known("data")[kind].default_prepare)  # type: ignore[attr-defined]
        names = [name_of(entry) for one in lists for entry in one or ()]
        said += [f"{key}.{name}" for name in dict.fromkeys(names)]
    for key, default in ONES.items():
        stated = [_inside(one, key).get(key, default) for one in (values, *members.values())]
        said += [key] if any(one != default for one in stated) else []
    usual = Fit()
    fits = [base.fit, *(one.fit for one in base.members.values() if one.fit is not None)]
    said += [
        f"fit.{name}" for name in OF_FIT if any(getattr(fit, name) != getattr(usual, name) for fit in fits)
    ]
    return [*said, *(f"members.{name}" for name in (members if len(members) > 1 else ()))]


def _inside(values: Values, key: str) -> dict[str, Any]:
    return values["predict"] if key in IN_PREDICT else values
