"""The best trials on folds that the search has not seen, so that the winner's luck is taken off."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial

from holdfast.data.base import DataSpec
from holdfast.folds.base import Splitter
from holdfast.folds.table import make_folds
from holdfast.keys import seed_of
from holdfast.recipe.schema import Recipe
from holdfast.store.hashes import hash_arrays
from holdfast.store.run import ENSEMBLE
from holdfast.study.tune_ask import place_of
from holdfast.train import train

Report = Callable[[dict[str, Any]], None]
DRAWS = 20  # of folds, before there are taken to be no others
FRESH, SAME = "fresh folds", "the same folds"


@dataclass(frozen=True)
class Finalist:
    """A trial's score in the search, and the one that it gets again."""

    number: int
    params: dict[str, Any]
    before: float
    after: dict[str, Any]  # value, low, high

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def fresh_seed(recipe: Recipe, base: Path) -> int | None:
    """A seed of folds that the search has not seen; None where no others can be drawn.

    Blocks and files draw nothing, and k groups fall into k folds in one way only.
    """
    spec, splitter = recipe.data, recipe.folds
    assert isinstance(spec, DataSpec)
    assert isinstance(splitter, Splitter)
    if not hasattr(splitter, "seed"):
        return None
    loaded = spec.load(base)

    def drawn(seed: int) -> set[str]:
        anew = splitter.model_copy(update={"seed": seed})
        return {
            hash_arrays(as_drawn(row)) for row in make_folds(anew, loaded.train, loaded.target, base).fold
        }

    seen = drawn(splitter.seed)
    seeds = (seed_of(recipe.seed, "tune", "finalists", splitter.seed, n) % 2**31 for n in range(DRAWS))
    return next((seed for seed in seeds if not seen & drawn(seed)), None)


def as_drawn(fold: np.ndarray) -> np.ndarray:
    """The folds of samples, numbered as they come first: equal where the same samples stand together.

    >>> as_drawn(np.array([2, 2, 0, 1])).tolist()
    [0, 0, 1, 2]
    """
    _, first, which = np.unique(fold, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[which]


def drawn_anew(recipe: Recipe, seed: int | None) -> Recipe:
    """The recipe with fresh folds; where there are none, with the same folds and other training."""
    if seed is None:
        return recipe.model_copy(update={"seed": seed_of(recipe.seed, "tune", "finalists") % 2**31})
    return recipe.model_copy(update={"folds": recipe.folds.model_copy(update={"seed": seed})})


def best_trials(trials: Sequence[FrozenTrial], greater_is_better: bool, count: int) -> list[FrozenTrial]:
    """The trials of the best scores, the earlier first where they are equal."""
    sign = -1 if greater_is_better else 1
    return sorted(trials, key=lambda one: (sign * float(one.value or 0.0), one.number))[:count]


def score_again(
    trials: Sequence[FrozenTrial],
    recipes: Sequence[Recipe],
    folder: Path,
    threads: int,
    base: Path,
    report: Report,
) -> list[Finalist]:
    """Train the recipe of each finalist, all on the same folds; begun ones are continued. Best first."""
    found: list[Finalist] = []
    sign = 1.0
    with _alone(folder):
        for one, recipe in zip(trials, recipes):
            place = folder / f"finalist-{place_of(one):04}"
            run = train(recipe.untracked(), place, threads=threads, base=base, accept=None)
            scores = run.scores
            sign = -1.0 if scores["greater_is_better"] else 1.0
            assert one.value is not None
            after = scores["members"][ENSEMBLE][scores["metric"]]
            found.append(Finalist(place_of(one), one.params, one.value, after))
            report({"event": "finalist", **found[-1].plain()})
    return sorted(found, key=lambda one: (sign * one.after["value"], one.number))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of two processes that end at once, the second waits and reads what the first has trained."""
    with (folder / ".finalists").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
