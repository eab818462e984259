"""The members that suit, by what was found: data to edit, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast.plan.facts import Facts

PRESETS = ("fast", "strong")
SVC_ROWS = 20_000  # a kernel machine's time grows with the square of the rows: minutes a fold beyond this
FEW_UNITS = 6  # a network learns so few people by heart
FEW_GROUPS = 50  # boosted trees rank first on rows of known people and last on new ones
SKEWED = 0.05  # share of the rarest class
GAPPY = 0.001  # share of values missing that is worth a word


def _too_many_rows(facts: Facts) -> str | None:
    return (
        f"{facts.samples:,} samples, and beyond {SVC_ROWS:,} it is too slow"
        if facts.samples > SVC_ROWS
        else None
    )


def _too_few_units(facts: Facts) -> str | None:
    few = facts.units is not None and facts.units < FEW_UNITS
    return f"{facts.units} independent units, which a network would learn by heart" if few else None


def _few_groups(facts: Facts) -> str | None:
    few = facts.units is not None and facts.units < FEW_GROUPS
    return f"{facts.units} independent units, whose ways boosted trees learn by heart" if few else None


def _never(facts: Facts) -> str | None:
    return None


@dataclass(frozen=True)
class Choice:
    """One member of a preset; `against` gives the reason where it does not suit the data."""

    name: str
    entry: dict[str, Any]
    why: str
    against: Callable[[Facts], str | None] = _never


SVC = Choice(
    "svc",
    {"model": {"svc": {"C": 10.0}}},
    "often the best single model on small tables of clean features",
    _too_many_rows,
)
LOGISTIC = Choice("logistic", {"model": "logistic"}, "linear, calibrated, steadies the others")
LDA = Choice(
    "lda",
    {"model": {"lda": {"shrinkage": 0.01}}},
    "one cloud a class, all of one shape: quick, errs otherwise",
)
BOOSTED = Choice("boost", {"model": "lightgbm"}, "boosted trees: steps and interactions, no scaling needed")
BOOSTED_CLASSES = replace(BOOSTED, against=_few_groups)
FOREST = Choice("trees", {"model": "extra_trees"}, "random trees: err elsewhere than smooth models")
RIDGE = Choice("ridge", {"model": "ridge"}, "linear, hard to beat where rows are few")
ONE_RANGE = {  # in place of those of the same name, where columns come scaled to one range
    "svc": replace(SVC, entry={"model": {"svc": {"C": 100.0}}}),
    "logistic": replace(LOGISTIC, entry={"model": {"logistic": {"C": 1.0}}}),
}
STATISTICS_LOGISTIC = Choice(
    "logistic",
    {"model": {"logistic": {"C": 0.01}}, "features": "window_statistics"},
    "statistics of each window, linear and calibrated: the steadiest on people never seen",
)
STATISTICS_SVC = Choice(
    "svc",
    {"model": {"svc": {"C": 3.0}}, "features": "window_statistics"},
    "the same statistics, compared by likeness",
    _too_many_rows,
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
    _too_few_units,
)
NETWORKS = {"conv"}
FIT = {"epochs": 15}  # fixed, so that no scored fold is watched

# (kind of data, kind of target): members of `fast`, and what `strong` adds. The quick ones first: a budget
# leaves out from the end.
MEMBERS: dict[tuple[str, str], tuple[list[Choice], list[Choice]]] = {
    ("table", "classes"): ([SVC, LOGISTIC], [LDA, FOREST, BOOSTED_CLASSES]),
    ("table", "real"): ([RIDGE, BOOSTED], []),
    ("windows", "classes"): ([STATISTICS_LOGISTIC, STATISTICS_SVC], [ROCKET, STATISTICS_FOREST, CONV]),
    ("windows", "real"): ([ROCKET, STATISTICS_BOOSTED], [CONV]),
}
# Where the target is still a question: models that take both kinds.
EITHER: dict[str, list[Choice]] = {"table": [BOOSTED], "windows": [STATISTICS_BOOSTED]}


@dataclass(frozen=True)
class Members:
    """What a preset chose: members, settings for its networks, what is done to predictions; each with its reason.

    `left_out`: members that do not suit, `remarks`: what else was found and why nothing is done about it.
    """

    chosen: list[Choice]
    prepare: tuple[list[Any], str] | None = None  # None: the default of the kind of data
    fit: dict[str, Any] = field(default_factory=dict)
    predict: dict[str, Any] = field(default_factory=dict)
    predict_why: str = ""
    ensemble: tuple[str, str] = ("mean", "of the members")
    left_out: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def members_for(facts: Facts, target_kind: str | None, metric: str | None, preset: str) -> Members:
    """The members of a preset for such data."""
    if target_kind is None:
        return Members(EITHER[facts.kind], left_out=["the others wait for the target"])
    fast, more = MEMBERS[facts.kind, target_kind]
    wanted = fast + more if preset == "strong" else fast
    if facts.one_range:
        wanted = [ONE_RANGE.get(choice.name, choice) for choice in wanted]
    reasons = {choice.name: (choice, choice.against(facts)) for choice in wanted}
    chosen = [choice for choice, against in reasons.values() if against is None]
    left_out = [
        f"{name} is left out: {against}" for name, (_, against) in reasons.items() if against is not None
    ]
    fit = dict(FIT) if any(choice.name in NETWORKS for choice in chosen) else {}
    if target_kind != "classes":
        return Members(chosen, _prepare(facts), fit, left_out=left_out, remarks=_remarks(facts, metric))
    predict, why = _predict(facts, metric)
    blend = ("geometric_mean", "of the members' probabilities: calibrated members together hesitate less so")
    return Members(chosen, _prepare(facts), fit, predict, why, blend, left_out, _remarks(facts, metric))


def _prepare(facts: Facts) -> tuple[list[Any], str] | None:
    """What to prepare otherwise than the kind of data does by default, and why."""
    if facts.one_range:
        return [
            "impute"
        ], "guessed: the columns come scaled to one range, and their spread tells what matters"
    if not facts.triples:
        return None
    magnitude = {"magnitude": {"axes": [list(group) for group in facts.triples]}}
    why = "guessed: three axes by their names, or else in their order; a vector's length stays when the sensor turns"
    return ["interpolate", magnitude, "standardize"], why


def _rarest(facts: Facts) -> float:
    return 1.0 if facts.classes is None else min(facts.classes.rows) / facts.samples


def _predict(facts: Facts, metric: str | None) -> tuple[dict[str, Any], str]:
    """What is done to probabilities, and why."""
    predict: dict[str, Any] = {"calibrate": ["temperature"]}
    why = "each member as sure as the other folds show it may be"
    if metric == "macro_f1" and _rarest(facts) < SKEWED:
        predict["postprocess"] = ["thresholds"]
        why += "; rare classes get their own thresholds, learned on other folds"
    return predict, why


def _remarks(facts: Facts, metric: str | None) -> list[str]:
    remarks = []
    if facts.kind == "windows" and facts.gaps > GAPPY:
        remarks.append(
            f"gaps ({facts.gaps:.1%} of the values): closed by interpolation in time, no row is dropped"
        )
    if metric == "log_loss" and _rarest(facts) < SKEWED:
        remarks.append(
            f"skew (the rarest class is {_rarest(facts):.1%}): no balance, which would spoil the shares that log_loss scores"
        )
    return remarks
