"""The members that suit, by kind of data and of target: data to edit, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PRESETS = ("fast", "strong")
SVC_ROWS = 20_000  # a kernel machine's time grows with the square of the rows: minutes a fold beyond this


@dataclass(frozen=True)
class Choice:
    """One member of a preset; left out where there are more training samples than `most_samples`."""

    name: str
    entry: dict[str, Any]
    why: str
    most_samples: int | None = None


SVC = Choice(
    "svc",
    {"model": {"svc": {"C": 10.0}}},
    "often the best single model on small tables of clean features",
    SVC_ROWS,
)
LOGISTIC = Choice("logistic", {"model": "logistic"}, "linear, calibrated, steadies the others")
BOOSTED = Choice("boost", {"model": "lightgbm"}, "boosted trees: steps and interactions, no scaling needed")
FOREST = Choice("trees", {"model": "extra_trees"}, "random trees: err elsewhere than smooth models")
RIDGE = Choice("ridge", {"model": "ridge"}, "linear, hard to beat where rows are few")
STATISTICS_LOGISTIC = Choice(
    "logistic",
    {"model": {"logistic": {"C": 0.01}}, "features": "window_statistics"},
    "statistics of each window, linear and calibrated: the steadiest on people never seen",
)
STATISTICS_SVC = Choice(
    "svc",
    {"model": {"svc": {"C": 3.0}}, "features": "window_statistics"},
    "the same statistics, compared by likeness",
    SVC_ROWS,
)
STATISTICS_FOREST = Choice(
    "trees",
    {"model": "extra_trees", "features": "window_statistics"},
    "the same statistics, by random trees: errs elsewhere than smooth models",
)
STATISTICS_BOOSTED = Choice(
    "boost",
    {"model": "lightgbm", "features": "window_statistics"},
    "statistics of each window, boosted trees",
)
ROCKET = Choice(
    "rocket", {"model": "minirocket"}, "random convolutions and a linear head: strong and quick on windows"
)
CONV = Choice(
    "conv",
    {"model": {"conv_residual": {"width": 64}}, "augment": [{"roll": {"reach": 0.2}}, "jitter"]},
    "a small network on the signal; each window shifted a little and with noise, anew in every epoch",
)
NETWORKS = {"conv"}
FIT = {"epochs": 15}  # fixed, so that no scored fold is watched

# (kind of data, kind of target): members of `fast`, and what `strong` adds.
MEMBERS: dict[tuple[str, str], tuple[list[Choice], list[Choice]]] = {
    ("table", "classes"): ([SVC, LOGISTIC], [FOREST, BOOSTED]),
    ("table", "real"): ([RIDGE, BOOSTED], []),
    ("windows", "classes"): ([STATISTICS_LOGISTIC, STATISTICS_SVC], [STATISTICS_FOREST, ROCKET, CONV]),
    ("windows", "real"): ([ROCKET, STATISTICS_BOOSTED], [CONV]),
}
# Where the target is still a question: models that take both kinds.
EITHER: dict[str, list[Choice]] = {"table": [BOOSTED], "windows": [STATISTICS_BOOSTED]}


@dataclass(frozen=True)
class Members:
    """What a preset chose, settings for its networks, and what it left out with the reason."""

    chosen: list[Choice]
    fit: dict[str, Any]
    left_out: list[str]


def members_for(kind: str, target_kind: str | None, preset: str, samples: int) -> Members:
    """The members of a preset for such data.

    >>> [choice.name for choice in members_for("table", "classes", "fast", 1000).chosen]
    ['svc', 'logistic']
    """
    if target_kind is None:
        return Members(EITHER[kind], {}, ["the others wait for the target"])
    fast, more = MEMBERS[kind, target_kind]
    wanted = [*fast, *more] if preset == "strong" else fast
    chosen = [choice for choice in wanted if choice.most_samples is None or samples <= choice.most_samples]
    left_out = [
        f"{choice.name} is left out: {samples:,} samples, and beyond {choice.most_samples:,} it is too slow"
        for choice in wanted
        if choice not in chosen
    ]
    fit = dict(FIT) if any(choice.name in NETWORKS for choice in chosen) else {}
    return Members(chosen, fit, left_out)
