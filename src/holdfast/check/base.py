"""What every check sees, says and is.

A check is one class in a file of this folder; the file lists its classes in `CHECKS`, and `check/all.py` finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from holdfast.check.aside import Here
from holdfast.data.dataset import Dataset, Loaded
from holdfast.folds.table import Folds
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec

Severity = Literal["error", "warning", "info"]
Status = Literal["found", "passed", "not applicable"]
When = Literal["data", "folds", "oof"]
Where = Literal["here", "aside", "both"]
Id = str | tuple[str, ...]  # a sample, a group, a column; or a pair of them

KINDS = ("table", "windows", "images", "frames")
DOCS = "docs/checks"  # a page for each code
SHOWN = 20  # ids that a finding keeps; it says how many there are
TRAVELS = 1 << 28  # bytes of inputs in memory that are sent to another process
T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """What checks look at: the data and their recipe; folds once they are made; predictions once a run is finished.

    `oof`: out-of-fold predictions of each member `(repeats, n, classes)`, `(repeats, n)` or `(repeats, n, leads, h, w)`,
    rows in the order of `train`, NaN where none was made.
    """

    recipe: Recipe
    train: Dataset
    target: TargetSpec
    test: Dataset | None = None
    sample: Path | None = None  # the sample submission's file
    folds: Folds | None = None
    oof: dict[str, np.ndarray] | None = None
    tested: dict[str, np.ndarray] | None = None  # predictions of the test samples, `(n, …)`, of each member
    notes: tuple[str, ...] = ()  # what was noticed while the data were read
    held: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)  # see `once`
    aside: Here = field(
        default_factory=Here, repr=False, compare=False
    )  # where checks may look beside others

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        loaded: Loaded,
        folds: Folds | None = None,
        oof: dict[str, np.ndarray] | None = None,
        tested: dict[str, np.ndarray] | None = None,
    ) -> Seen:
        """What is seen of loaded data."""
        notes = tuple(loaded.notes)
        return cls(recipe, loaded.train, loaded.target, loaded.test, loaded.sample, folds, oof, tested, notes)

    @property
    def truth(self) -> np.ndarray:
        """What predictions are compared with: class codes `(n,)`, values `(n,)` or grids `(n, leads, h, w)`."""
        if self.target.kind == "grid":
            return self.once("truth", self.train.read_grids)
        assert self.train.target is not None
        return self.train.target

    def bare(self) -> Seen:
        """The data alone, and of the recipe the seed: what a check sees that looks in another process."""
        seed: dict[str, Any] = {"seed": self.recipe.seed}
        return Seen(Recipe.model_construct(**seed), self.train, self.target, self.test)

    @property
    def travels(self) -> bool:
        """Whether the inputs are small or memory-mapped, so that another process gets them at no cost."""
        sources = [data.source for data in (self.train, self.test) if data is not None]
        return sum(one.nbytes for one in sources if type(one) is np.ndarray) <= TRAVELS

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` gives, worked out by the first check that asks under `key` and kept for the others."""
        if key not in self.held:
            self.held[key] = make()
        return self.held[key]


@dataclass(frozen=True)
class Finding:
    """What one check says. `said`: a sentence; `ids`: the first of the `total` samples, groups, columns or pairs."""

    code: str
    name: str
    severity: Severity
    status: Status
    said: str
    ids: tuple[Id, ...] = ()
    total: int = 0
    advice: str = ""

    @property
    def anchor(self) -> str:
        """The page of the docs that explains it."""
        return f"{DOCS}/{self.code.lower()}.md"

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        ids = [list(one) if isinstance(one, tuple) else one for one in self.ids]
        return {**said, "ids": ids, "anchor": self.anchor}

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Finding:
        """What `plain` gave."""
        held = {one.name: plain[one.name] for one in fields(cls)}
        return cls(**{**held, "ids": tuple(_as_id(one) for one in held["ids"])})


class Check:
    """One check: subclass it, state the class variables, write `look`, and list the class in its file's `CHECKS`."""

    code: ClassVar[str]  # as HF101; errors can be accepted by it
    name: ClassVar[str]  # a few words
    severity: ClassVar[Severity]
    when: ClassVar[When]  # what it needs
    kinds: ClassVar[tuple[str, ...]] = KINDS
    where: ClassVar[Where] = (
        "here"  # aside: in another process, where there is one, with `bare` data; both: also
    )

    def run(self, seen: Seen) -> Finding:
        """Look, where there is what it needs."""
        if seen.train.kind not in self.kinds:
            return self.not_applicable(
                f"it is for {' and '.join(self.kinds)}, these data are {seen.train.kind}"
            )
        if self.when != "data" and seen.folds is None:
            return self.not_applicable("there are no folds yet")
        if self.when == "oof" and seen.oof is None:
            return self.not_applicable("there are no out-of-fold predictions yet")
        return self.look(seen)

    def look(self, seen: Seen) -> Finding:
        """`found`, `passed` or `not_applicable`."""
        raise NotImplementedError

    def found(
        self,
        said: str,
        advice: str,
        ids: Iterable[Any] = (),
        total: int | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding with the first of the ids (texts, or pairs of texts), in the order given.

        `total`: how many there are, where not all are given. `severity`: where it is not the check's usual one.
        """
        listed = list(ids)
        return Finding(
            self.code, self.name, severity or self.severity, "found", said,
            tuple(_as_id(one) for one in listed[:SHOWN]), len(listed) if total is None else total, advice,
        )  # fmt: skip

    def passed(self, said: str) -> Finding:
        return Finding(self.code, self.name, self.severity, "passed", said)

    def not_applicable(self, why: str) -> Finding:
        return Finding(self.code, self.name, self.severity, "not applicable", why)


def _as_id(one: Any) -> Id:
    return tuple(str(part) for part in one) if isinstance(one, tuple | list | np.ndarray) else str(one)


def run_checks(
    seen: Seen, checks: Sequence[type[Check]], when: Sequence[When] = ("data", "folds", "oof")
) -> list[Finding]:
    """What the checks of these times find, in their order."""
    asked = [one for one in checks if one.when in when]
    away = [one for one in asked if one.where == "aside" and seen.travels]
    begun = {one: seen.aside.begin(_look, one, seen.bare()) for one in away}
    here = sorted(
        set(asked) - set(away), key=lambda one: (one.where == "both", one.code)
    )  # these wait for the others
    found = {one: one().run(seen) for one in here} | {one: result() for one, result in begun.items()}
    return [found[one] for one in asked]


def _look(check: type[Check], seen: Seen) -> Finding:
    return check().run(seen)


def standing(findings: Iterable[Finding], accepted: Iterable[str] = ()) -> list[Finding]:
    """Error-level findings whose code is not accepted."""
    fine = set(accepted)
    return [
        one for one in findings if one.status == "found" and one.severity == "error" and one.code not in fine
    ]
