"""Keeping a run within a budget of time: members are tried in order on one fold, shortened or left out."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from holdfast.engine.inline import Inline
from holdfast.engine.job import Job, Work
from holdfast.fit.resolved import MemberSpec
from holdfast.store.atomic import write_json, write_text
from holdfast.store.run import Run, as_yaml

RESERVE = 0.03  # share of the budget for reading, scoring and writing
MARGIN = 1.1  # epochs of a later fold may take so much longer than the ones timed
SHORTEST = 1 / 3  # of the epochs asked for: a network that must stop earlier is left out
UNITS = {"s": 1, "m": 60, "h": 3600}

Report = Callable[[dict[str, Any]], None]


def seconds_of(budget: str) -> float:
    """Seconds of a time as a recipe writes it.

    >>> seconds_of("15m"), seconds_of("90s"), seconds_of("1.5h")
    (900.0, 90.0, 5400.0)
    """
    return float(budget[:-1]) * UNITS[budget[-1]]


@dataclass(frozen=True)
class Decision:
    """What becomes of a member: `epochs` where its network is shortened, `left_out` says why it is dropped."""

    epochs: int | None = None
    left_out: str | None = None

    def said(self, member: str) -> str | None:
        """A note of it, None where the member stays as it is."""
        if self.left_out is not None:
            return f"{member} is left out: {self.left_out}"
        return None if self.epochs is None else f"{member} is trained for {self.epochs} epochs: budget"


FILE = "budget.json"


def decisions(path: Path) -> dict[str, Decision]:
    """What a run has decided so far, by member."""
    file = path / FILE
    held = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {name: Decision(**one) for name, one in held.items()}


def record(run: Run, held: dict[str, Decision]) -> None:
    """Write the decisions, and the resolved recipe that they make."""
    write_json(run.path / FILE, {name: asdict(one) for name, one in held.items()})
    write_text(run.path / "recipe.yaml", as_yaml(decided(run.recipe, held)))


def decided(recipe: dict[str, Any], held: dict[str, Decision]) -> dict[str, Any]:
    """Plain values of a recipe with what the budget decided written into them."""
    members = dict(recipe["members"])
    for name, one in held.items():
        if one.left_out is not None:
            members[name] = {**members[name], "left_out": one.left_out}
        if one.epochs is not None:
            members[name] = {**members[name], "fit": {**(members[name]["fit"] or {}), "epochs": one.epochs}}
    return {**recipe, "members": members}


class _TooLong(Exception):
    """A network whose folds would not end within the budget; carries the epochs that would."""


class Budget:
    """A clock that began `spent` seconds ago."""

    def __init__(self, seconds: float, spent: float = 0.0):
        self.ends = time.monotonic() + seconds * (1 - RESERVE) - spent

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()

    def trial(
        self, work: Work, jobs: list[Job], run: Run, report: Report, at_a_time: int, must: bool
    ) -> Decision:
        """Run the first of a member's jobs and tell from it whether all fit; `must` keeps it in any case.

        Where a network shows after its second epoch that it takes too long, the trial stops there.
        """
        left, spec = self.left, work.members[jobs[0].member]
        rounds = math.ceil(len(jobs) / at_a_time)
        started = time.monotonic()
        pretraining = 0.0  # seconds that each fold has to spend before its epochs

        def watched(event: dict[str, Any]) -> None:
            nonlocal pretraining
            report(event)
            if event["event"] == "pretrain":
                pretraining += event["seconds"]
            if event["event"] == "epoch" and event["epoch"] == 1:
                fitting = int((left / rounds - pretraining) / (MARGIN * event["seconds"] * spec.fits))
                if fitting < event["epochs"]:
                    raise _TooLong(fitting)

        try:
            list(Inline().run(work, jobs[:1], run, watched))
        except _TooLong as found:
            return self._shortened(spec, found.args[0], left, must)
        needed = (time.monotonic() - started) * (rounds - 1)
        if needed > self.left and not must:
            return Decision(
                left_out=f"budget: its folds need {needed:.0f} s more, {max(self.left, 0):.0f} s are left"
            )
        return Decision()

    def _shortened(self, spec: MemberSpec, fitting: int, left: float, must: bool) -> Decision:
        assert spec.fit is not None
        asked = spec.fit.epochs
        if fitting >= SHORTEST * asked or must:
            return Decision(epochs=max(fitting, 1))
        return Decision(
            left_out=f"budget: {fitting} of {asked} epochs would fit into the {left:.0f} s that are left"
        )


def shortened(work: Work, member: str, epochs: int | None) -> Work:
    """The work with other epochs for a member; None for those that it has."""
    spec = work.members[member]
    if epochs is None:
        return work
    assert spec.fit is not None
    spec = replace(spec, fit=spec.fit.model_copy(update={"epochs": epochs}))
    return replace(work, members={**work.members, member: spec})


def teacher_gone(work: Work, member: str) -> Decision | None:
    """Leaves out a member whose teacher is not trained."""
    pseudo = work.members[member].pseudo
    gone = [name for name in (() if pseudo is None else pseudo.teachers) if name not in work.members]
    return Decision(left_out=f"its teacher {gone[0]} is left out") if gone else None


def without(work: Work, member: str) -> Work:
    return replace(work, members={name: spec for name, spec in work.members.items() if name != member})
