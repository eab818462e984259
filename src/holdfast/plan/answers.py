"""What the user answered beforehand, and how a finding remembers where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from pydantic import ValidationError

from holdfast.data.units import Unit
from holdfast.errors import BadInput
from holdfast.recipe.registry import known
from holdfast.recipe.schema import BUDGET
from holdfast.recipe.strict import flatten, nearest

NONE = "none"  # `--group none`: there is no such column


@dataclass(frozen=True)
class Answers:
    """Answers given before `new` looks (its options); None leaves a thing to be guessed.

    `kind` is the kind of data, `folds` the kind of splitter. "none" says that there is no such column.
    """

    metric: str | None = None
    target: str | None = None
    group: str | None = None
    id: str | None = None
    time: str | None = None
    order: str | None = None
    kind: str | None = None
    folds: str | None = None
    k: int | None = None
    budget: str | None = None
    unit: str | None = None

    def check(self, columns: Iterable[str]) -> None:
        """Raises BadInput for an answer that no file, component or count can bear out."""
        names = set(columns)
        for option in ("target", "group", "id", "time", "order"):
            column = getattr(self, option)
            if column in (None, NONE) and option != "target":
                continue
            if column is not None and column not in names:
                raise BadInput(f"--{option} {column}: no file has such a column; {nearest(column, names)}")
        for option, kind in (("metric", "metric"), ("kind", "data"), ("folds", "folds")):
            name = getattr(self, option)
            if name is not None and name not in known(kind):
                raise BadInput(
                    f"--{option} {name}: no {kind} component is named so; {nearest(name, known(kind))}"
                )
        if self.folds == "file":
            raise BadInput(
                "--folds file: write the recipe first, then set folds: {kind: file, path: folds.csv} in it"
            )
        if self.k is not None and self.k < 2:
            raise BadInput(f"--k {self.k}: expected 2 folds or more")
        if self.budget is not None and not re.fullmatch(BUDGET, self.budget):
            raise BadInput(f"--budget {self.budget}: expected a time, as in 90s, 15m or 1h")
        if self.unit is not None:
            _refuse_no_unit(self.unit)
        self._refuse_one_column_twice()

    def _refuse_one_column_twice(self) -> None:
        taken: dict[str, str] = {}
        for option in ("target", "group", "id", "time"):
            column = getattr(self, option)
            if column in (None, NONE):
                continue
            if column in taken:
                raise BadInput(f"--{option} {column}: the same column was given as --{taken[column]}")
            taken[column] = option

    def said(self, option: str) -> bool:
        """Whether this was answered, be it with "none"."""
        assert option in {field.name for field in fields(self)}
        return getattr(self, option) is not None

    def column(self, option: str) -> str | None:
        """The column answered; None where nothing was, or "none"."""
        value: str | None = getattr(self, option)
        return None if value == NONE else value


def _refuse_no_unit(text: str) -> None:
    try:
        Unit.of_text(text)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, place))}: {message}" for place, message in flatten(error))
        raise BadInput(f"--unit {text}: {faults}") from None
    except ValueError as error:
        raise BadInput(f"--unit: {error}") from None


@dataclass(frozen=True)
class Found:
    """One finding: its value, the reason in words, and whether the user said so or it was guessed."""

    value: Any
    why: str = ""
    given: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is a question that only the user can answer."""
        return isinstance(self.value, str) and self.value.startswith("?")

    @property
    def mark(self) -> str:
        """What the recipe's comment says."""
        if self.is_open:
            return "answer this" + (f": {self.why}" if self.why else "")
        how = "given" if self.given else "guessed"
        return f"{how}: {self.why}" if self.why else how


def question(text: str, why: str = "") -> Found:
    """An open question; `train` refuses a recipe that holds one."""
    return Found(f"? {text}", why)
