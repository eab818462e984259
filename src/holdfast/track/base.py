"""What a tracker is: a component that opens a writer, which is told of a run's folds, curves and scores."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar, Self

from holdfast.errors import BadInput
from holdfast.recipe.registry import Component
from holdfast.store.run import Run

INSTALL = 'install them in Holdfast\'s folder: pip install -c constraints.txt -e ".[track]"'


@dataclass(frozen=True)
class Fold:
    """A fold of a member, by the job's name: `conv fold 0`, `conv fold 0 repeat 1`."""

    member: str
    number: int
    repeat: int = 0

    @classmethod
    def of(cls, job: str) -> Self:
        """
        >>> Fold.of("conv fold 0 repeat 1").place
        'conv/fold-0.r1'
        """
        member, _, number, *rest = job.split(" ")
        return cls(member, int(number), int(rest[1]) if rest else 0)

    @property
    def name(self) -> str:
        return f"{self.member} fold {self.number}" + (f" repeat {self.repeat}" if self.repeat else "")

    @property
    def place(self) -> str:
        """As a path, like the fold's folder."""
        return f"{self.member}/fold-{self.number}" + (f".r{self.repeat}" if self.repeat else "")


class Writer:
    """One run in one tracker's hands. What it raises ends its tracking, never the run.

    `kept` in `Tracker.open` is a dict of plain values that lasts over resumes, for ids and the like.
    """

    def curve(self, fold: Fold, part: str, epoch: int, values: dict[str, float]) -> None:
        """The numbers of an epoch. `part`: which fit of the fold, where it has several (as `seed-1`), else ''."""

    def fold_scores(self, fold: Fold, values: dict[str, float]) -> None:
        """The scores of a finished fold, held out: `log_loss`, `log_loss/low`, `log_loss/high`."""

    def scores(self, values: dict[str, float]) -> None:
        """The run's: `conv/log_loss`, `conv/log_loss/low` … of members, ensemble and floor."""

    def end(self, finished: bool) -> None:
        """The process goes on to other things; `finished`: whether the run is, else it may be resumed."""


class Tracker(Component):
    """Where else a run's curves and scores go. It never changes what is trained, and never costs a run."""

    kind: ClassVar[str] = "tracker"
    package: ClassVar[str] = ""  # what must be importable

    @classmethod
    def installed(cls) -> bool:
        return not cls.package or find_spec(cls.package) is not None

    def must_be_installed(self) -> None:
        """Raises BadInput."""
        if not self.installed():
            raise BadInput(f"track: {self.name} needs {self.package}, which is not installed; {INSTALL}")

    def open(self, run: Run, kept: dict[str, Any]) -> Writer:
        """Called once there is something to write, in a thread of the tracker's own."""
        raise NotImplementedError


def member_entry(run: Run, fold: Fold) -> dict[str, Any]:
    """What the run's recipe says of a fold's member, with the fold itself: the parameters of a child run."""
    said = run.recipe["members"].get(fold.member, {})
    return {"member": fold.member, "repeat": fold.repeat, "fold": fold.number, **said}


def flat(values: Any, prefix: str = "") -> dict[str, Any]:
    """Nested plain values by dotted names; what is null or empty is left out.

    >>> flat({"fit": {"epochs": 3, "clip": None}, "augment": ["roll", {"jitter": {"std": 0.1}}]})
    {'fit.epochs': 3, 'augment.0': 'roll', 'augment.1.jitter.std': 0.1}
    """
    if isinstance(values, list | tuple):
        values = {str(i): one for i, one in enumerate(values)}
    if not isinstance(values, dict):
        return {} if values is None else {prefix: values}
    found: dict[str, Any] = {}
    for key, one in values.items():
        found |= flat(one, f"{prefix}.{key}" if prefix else str(key))
    return found
