"""Optuna's samplers and pruners by the names that the command knows, and what a sampler suggests."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from holdfast.errors import BadInput
from holdfast.recipe.search import Search
from holdfast.recipe.strict import nearest

SAMPLERS = ("tpe", "cmaes", "random", "grid")
PRUNERS = ("wilcoxon", "median", "hyperband", "none")
OF_EPOCHS = ("median", "hyperband")  # they compare losses of epochs; wilcoxon compares scores of folds


def check_names(sampler: str, pruner: str) -> None:
    """Raises BadInput for names that are not known."""
    for option, name, known in (("--sampler", sampler, SAMPLERS), ("--pruner", pruner, PRUNERS)):
        if name not in known:
            raise BadInput(f"{option}: no {option[2:]} is called {name!r}; {nearest(name, known)}")


def make_sampler(name: str, seed: int) -> Any:
    """A sampler for one trial: made anew for each, since one that is seeded once repeats itself on resume.

    A grid's points are chosen by the study itself; what it lacks is drawn at random.
    """
    import optuna

    seed %= 2**32
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "tpe":
            return optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        if name == "cmaes":
            return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
        return optuna.samplers.RandomSampler(seed=seed)


def make_pruner(name: str) -> Any:
    import optuna

    makers: dict[str, Callable[[], Any]] = {
        "median": optuna.pruners.MedianPruner,
        "hyperband": optuna.pruners.HyperbandPruner,
        "wilcoxon": optuna.pruners.WilcoxonPruner,
        "none": optuna.pruners.NopPruner,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return makers[name]()


def suggest(trial: Any, search: Search) -> Any:
    """What Optuna says for one search: a number, or the label of an option."""
    if search.kind == "choice":
        return trial.suggest_categorical(search.path, [label for label, _ in search.options])
    if search.kind == "int":
        return trial.suggest_int(search.path, int(search.low), int(search.high))
    return trial.suggest_float(search.path, search.low, search.high, log=search.kind == "log")
