"""The variants of an ablation: a recipe with one technique dropped, swapped or added."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from holdfast.errors import BadInput
from holdfast.models.base import Network
from holdfast.recipe.registry import known
from holdfast.recipe.schema import Fit, Recipe
from holdfast.recipe.strict import flatten, nearest
from holdfast.store.hashes import hash_value

Values = dict[str, Any]
LISTS = ("augment", "balance", "prepare", "features", "tta", "calibrate", "postprocess", "pool")
ONES: dict[str, Any] = {
    "loss": None,
    "select": None,
    "head": "joint",
    "seeds": 1,
    "pseudo": None,
    "labels": None,
    "ensemble": None,
    "average": "probabilities",
}
OF_MEMBERS = ("features", "loss", "select", "head", "model", "seeds", "pseudo")  # only members have these
OF_RECIPE = ("labels", "postprocess", "pool", "ensemble", "average")  # only the recipe has these
IN_PREDICT = ("tta", "calibrate", "postprocess", "pool", "average")
KEYS = (*LISTS, *ONES, "model", "fit")
LAST = ("standardize", "normalize")  # a new step of `prepare` comes before these, where they end it


@dataclass(frozen=True)
class Variant:
    """A recipe that differs from the base by one change. `said`: how the change was asked for, as `drop augment.roll`."""

    said: str
    recipe: Recipe

    @property
    def folder(self) -> str:
        """The name of its run folder.

        >>> Variant("swap loss=focal", None).folder, Variant("swap loss={focal: {gamma: 1}}", None).folder[:-4]
        ('swap-loss-focal', 'swap-loss-focal-gamma-1-')
        """
        plain = re.sub(r"[^\w.+]+", "-", self.said).strip("-")
        bare = re.fullmatch(r"\w+ [\w.+]+(=[\w.]+)?", self.said)
        return plain if bare else f"{plain[:60]}-{hash_value(self.said)[:4]}"


def variants(
    base: Recipe, kind: str, drop: Sequence[str], swap: Sequence[str], add: Sequence[str]
) -> list[Variant]:
    """A variant for each change that is asked for. `kind`: of the data. Raises BadInput that names the change."""
    asked = [f"drop {one}" for one in drop]
    for word, given in (("swap", swap), ("add", add)):
        asked += [f"{word} {line}" for one in given for line in _each(word, one)]
    return [variant(base, kind, said) for said in dict.fromkeys(asked)]


def variant(base: Recipe, kind: str, said: str) -> Variant:
    """The base with one change, said as `drop PATH`, `drop PATH+PATH`, `swap PATH=VALUE` or `add PATH[=VALUE]`."""
    word, _, rest = said.partition(" ")
    values = deepcopy(base.written())
    for part in rest.split("+") if word == "drop" else [rest]:
        path, _, text = part.partition("=")
        change = _Change(base, kind, values, f"--{word} {part}", path)
        if word == "drop":
            change.drop()
        else:
            change.put(yaml.safe_load(text) if text else None, swap=word == "swap")
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, place))}: {what}" for place, what in flatten(error))
        raise BadInput(f"--{said}: {faults}") from None
    if recipe.written() == base.written():
        raise BadInput(f"--{said}: changes nothing; the recipe has it so already")
    return Variant(said, recipe)


def _each(word: str, given: str) -> list[str]:
    """`loss=focal,soft_f1` are two changes; commas within braces belong to a value."""
    path, equals, text = given.partition("=")
    if not equals:
        if word == "swap":
            raise BadInput(f"--swap {given}: expected PATH=VALUE, as in --swap loss=focal,soft_f1")
        return [given]
    try:
        values = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError:
        raise BadInput(f"--{word} {given}: {text!r} is not a value or several with commas between") from None
    return [f"{path}={_flow(value)}" for value in values]


def _flow(value: Any) -> str:
    """A value on one line, as it would be typed.

    >>> _flow("focal"), _flow({"focal": {"gamma": 1.0}})
    ('focal', '{focal: {gamma: 1.0}}')
    """
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6)
    return text.removesuffix("...\n").strip()


def name_of(entry: Any) -> str:
    """The name of an entry of a list in a recipe: a bare one, or `{name: {fields}}`."""
    return next(iter(entry)) if isinstance(entry, dict) else str(entry)


class _Change:
    """One change of a recipe's plain values, wherever its path leads."""

    def __init__(self, base: Recipe, kind: str, values: Values, said: str, path: str):
        self.base, self.kind, self.values, self.said = base, kind, values, said
        words = path.strip().split(".")
        self.member: str | None = None
        if words[0] == "members" or (words[0] in values["members"] and words[0] not in KEYS):
            words = words[1:] if words[0] == "members" else words
            self.member = words[0] if words else ""
            if self.member not in values["members"]:
                self._refuse(f"no member is named {self.member!r}; {nearest(self.member, values['members'])}")
            words = words[1:]
        if words and words[0] == "predict":
            words = words[1:]
        self.key, self.name = (words[0] if words else ""), ".".join(words[1:])
        if self.key not in KEYS and (self.key or self.member is None):
            self._refuse(f"{self.key!r} can not be changed; {nearest(self.key, KEYS)}")
        if self.member is not None and self.key in OF_RECIPE:
            self._refuse(f"{self.key} is the whole recipe's; leave the member out")
        if self.name and self.key in (*ONES, "model"):
            self._refuse(f"name {self.key} alone, without {self.name!r}")

    def _refuse(self, why: str) -> None:
        raise BadInput(f"{self.said}: {why}")

    def drop(self) -> None:
        if self.key == "":
            self._drop_member()
        elif self.key == "model":
            self._refuse("a member needs its model; drop the member, or --swap its model")
        elif self.key == "fit":
            self._drop_fit()
        elif self.key in LISTS:
            self._edit(lambda there: [one for one in there if self.name and name_of(one) != self.name])
        else:
            for holder in self._holders():
                holder[self.key] = ONES[self.key]

    def put(self, value: Any, swap: bool) -> None:
        """Put a value in place of what stands there, or into a list beside what stands there."""
        if value is None and not swap and self.name and self.key in LISTS:
            value, self.name = self.name, ""
        if value is None or not self.key:
            self._refuse(
                "expected PATH=VALUE" + ("" if swap else ", or PATH.NAME of a list, as augment.jitter")
            )
        if self.key == "fit":
            self._put_fit(value)
        elif self.key not in LISTS:
            for holder in self._holders(value):
                holder[self.key] = value
        elif not swap:
            self._edit(lambda there: _with(there, value, self.key), need=False)
        elif self.name:
            self._edit(lambda there: [value if name_of(one) == self.name else one for one in there])
        else:
            self._edit(lambda there: value if isinstance(value, list) else [value], need=False)

    def _drop_member(self) -> None:
        if len(self.values["members"]) == 1:
            self._refuse("it is the only member")
        del self.values["members"][self.member]

    def _drop_fit(self) -> None:
        if self.name not in Fit.model_fields:
            self._refuse(f"fit has no {self.name!r}; {nearest(self.name, Fit.model_fields)}")
        self._put_fit(getattr(Fit(), self.name))

    def _put_fit(self, value: Any) -> None:
        """A setting of all networks, or of a member's."""
        for name, member in self.values["members"].items():
            if self.member == name:
                member["fit"] = {**(member["fit"] or {}), self.name: value}
            elif self.member is None and member["fit"]:
                member["fit"].pop(self.name, None)
        if self.member is None:
            self.values["fit"][self.name] = value

    def _scopes(self) -> list[tuple[str | None, Values]]:
        """Whoever may hold the key: the recipe, then members, by their names."""
        members = [(name, one) for name, one in self.values["members"].items() if self.member in (None, name)]
        recipe = [] if self.member is not None or self.key in OF_MEMBERS else [(None, self.values)]
        return [*recipe, *([] if self.key in OF_RECIPE else members)]

    def _inside(self, values: Values) -> Values:
        return values["predict"] if self.key in IN_PREDICT else values

    def _holders(self, value: Any = None) -> list[Values]:
        """Whose single component is changed: without a member's name, of all that have, or for a loss may have, one."""
        found = [
            self._inside(values)
            for name, values in self._scopes()
            if self.member is not None
            or name is None
            or self.key == "head"
            or self._inside(values)[self.key] is not None
            or (
                self.key == "loss"
                and value is not None
                and isinstance(self.base.members[name].model, Network)
            )
        ]
        if self.key == "model" and len(found) > 1:
            self._refuse("say whose, as conv.model")
        if not found:
            first = next(iter(self.values["members"]))
            self._refuse(f"no member has a {self.key} of its own; say whose, as {first}.{self.key}")
        return found

    def _edit(self, change: Callable[[list[Any]], list[Any]], need: bool = True) -> None:
        """Change the list wherever it stands. `need`: refuse where the name that is meant stands nowhere."""
        standing: list[str] = []
        for name, values in self._scopes():
            holder = self._inside(values)
            there = holder[self.key]
            if there is None and (name is None or self.member is not None):
                there = self._inherited(name)
            if there is None:
                continue
            standing += [name_of(one) for one in there]
            holder[self.key] = change(there) or (None if self.key == "features" else [])
        if need and (self.name not in standing if self.name else not standing):
            missed = f"no {self.key} is named {self.name!r}" if self.name else f"there is no {self.key}"
            self._refuse(f"{missed} in the recipe; {nearest(self.name, set(standing))}")

    def _inherited(self, name: str | None) -> list[Any] | None:
        """What a list that is not stated stands for: the recipe's, or the default of the kind of data."""
        if name is not None and self.key not in OF_MEMBERS:
            above = self._inside(self.values)[self.key]
            if above is not None:
                return list(above)
        if self.key == "prepare":
            return [{step: {}} for step in known("data")[self.kind].default_prepare]  # type: ignore[attr-defined]
        return [] if self.key == "features" and self.member is not None else None


def _with(there: list[Any], value: Any, key: str) -> list[Any]:
    """A list with one more; a step of `prepare` stands before the scaling that ends it."""
    end = len(there)
    if key == "prepare" and there and name_of(there[-1]) in LAST:
        end -= 1
    return [*there[:end], value, *there[end:]]
