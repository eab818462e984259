"""The best trials on folds that the search has not seen, so that the winner's luck is taken off."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from holdfast.folds.base import Splitter
from holdfast.keys import seed_of
from holdfast.recipe.schema import Recipe
from holdfast.store.run import ENSEMBLE
from holdfast.train import train

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Finalist:
    """A trial's score in the search, and on fresh folds."""

    number: int
    params: dict[str, Any]
    before: float
    after: dict[str, Any]  # value, low, high of the fresh folds

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def fresh(recipe: Recipe) -> tuple[Recipe, str]:
    """The recipe with folds drawn anew, and what was changed.

    Where the folds draw nothing (blocks, a file), only the training can be drawn anew.
    """
    splitter = recipe.folds
    assert isinstance(splitter, Splitter)
    seed = seed_of(recipe.seed, "tune", "finalists", getattr(splitter, "seed", 0)) % 2**31
    if hasattr(splitter, "seed"):
        drawn = splitter.model_copy(update={"seed": seed})
        return recipe.model_copy(update={"folds": drawn}), f"folds.seed {seed}"
    return recipe.model_copy(update={"seed": seed}), f"seed {seed}, folds of {splitter.name} are never drawn"


def best_trials(trials: Sequence[FrozenTrial], greater_is_better: bool, count: int) -> list[FrozenTrial]:
    """The trials of the best scores, the earlier first where they are equal."""
    sign = -1 if greater_is_better else 1
    return sorted(trials, key=lambda one: (sign * float(one.value or 0.0), one.number))[:count]


def score_again(
    trials: Sequence[FrozenTrial], recipes: Mapping[int, Recipe], folder: Path, base: Path,
    threads: int, report: Report,
) -> list[Finalist]:  # fmt: skip
    """Train each finalist on the same fresh folds; begun ones are continued. Best first."""
    found: list[Finalist] = []
    sign = 1.0
    with _alone(folder):
        for one in trials:
            recipe, changed = fresh(recipes[one.number])
            run = train(recipe, folder / f"finalist-{one.number:04}", threads=threads, base=base)
            scores = run.scores
            after = scores["members"][ENSEMBLE][scores["metric"]]
            sign = -1.0 if scores["greater_is_better"] else 1.0
            assert one.value is not None
            found.append(Finalist(one.number, one.params, one.value, after))
            report({"event": "finalist", "changed": changed, **found[-1].plain()})
    return sorted(found, key=lambda one: (sign * one.after["value"], one.number))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of two processes that end at once, the second waits and reads what the first has trained."""
    with (folder / ".finalists").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
