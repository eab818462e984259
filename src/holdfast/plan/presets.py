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
PER_ATTRIBUTE = (
    "per_attribute"  # head of members where a class is made of attributes; left out where it is not
)
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
# Photos. All that is worth tuning stands here.
LONGER_SIDE = 64  # pixels of the photos that networks see
SIDES = 16  # which their sides are multiples of
PHOTO_AUGMENT = [
    "horizontal_flip",
    {"affine": {"degrees": 8, "translate": [0.05, 0.05], "scale": [0.9, 1.1]}},
    {"color_jitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2}},
]
PHOTO_FIT: dict[str, Any] = {
    "batch_size": 64, "lr": 3e-3, "weight_decay": 0.05, "optimizer": "adamw", "schedule": "one_cycle",
}  # fmt: skip
PHOTO_EPOCHS = {"fast": 16, "strong": 24}
PHOTO_TTA = ["flip"]
RESNET = Choice(
    "resnet",
    {
        "model": {"timm": {"name": "resnet18", "model_kwargs": {"channels": [32, 64, 128, 256]}}},
        "head": PER_ATTRIBUTE,
    },
    "a residual network of half the usual width, from random weights; without model_kwargs, pretrained: true starts"
    " from timm's",
    _too_few_units,
)
MIXED = Choice(
    "mixed",
    {**RESNET.entry, "augment": [*PHOTO_AUGMENT, "mixup"]},
    "the same network on blends of two photos: less sure of itself, and errs otherwise",
    _too_few_units,
)
HOG = Choice(
    "hog",
    {"model": {"logistic": {"C": 0.001}}, "features": "hog", "prepare": [], "head": PER_ATTRIBUTE},
    "edges counted by direction, a linear model: seconds, and steady where photos are few",
)
RESNET_REAL = replace(RESNET, entry={"model": RESNET.entry["model"]})
HOG_REAL = Choice(
    "hog", {"model": "ridge", "features": "hog"}, "edges counted by direction, a linear model: seconds"
)
NETWORKS = {"conv", "resnet", "mixed"}
FIT = {"epochs": 15}  # of windows; a fixed number, so that no scored fold is watched

# (kind of data, kind of target): members of `fast`, and what `strong` adds. The quick ones first: a budget
# leaves out from the end.
MEMBERS: dict[tuple[str, str], tuple[list[Choice], list[Choice]]] = {
    ("table", "classes"): ([SVC, LOGISTIC], [LDA, FOREST, BOOSTED_CLASSES]),
    ("table", "real"): ([RIDGE, BOOSTED], []),
    ("windows", "classes"): ([STATISTICS_LOGISTIC, STATISTICS_SVC], [ROCKET, STATISTICS_FOREST, CONV]),
    ("windows", "real"): ([ROCKET, STATISTICS_BOOSTED], [CONV]),
    ("images", "classes"): ([RESNET], [MIXED, HOG]),
    ("images", "real"): ([RESNET_REAL], [HOG_REAL]),
}
# Where the target is still a question: models that take both kinds.
EITHER: dict[str, list[Choice]] = {
    "table": [BOOSTED],
    "windows": [STATISTICS_BOOSTED],
    "images": [RESNET_REAL],
}


@dataclass(frozen=True)
class Members:
    """What a preset chose: members, settings for its networks, what is done to predictions; each with its reason.

    `left_out`: members that do not suit, `remarks`: what else was found and why nothing is done about it.
    """

    chosen: list[Choice]
    prepare: tuple[list[Any], str] | None = None  # None: the default of the kind of data
    augment: tuple[list[Any], str] | None = None
    fit: dict[str, Any] = field(default_factory=dict)
    predict: dict[str, Any] = field(default_factory=dict)
    predict_why: str = ""
    ensemble: tuple[Any, str] = (
        {"tested_mean": {"blend": "weighted_mean"}},
        "of members not shown to be worse than the best; weighted where that is shown to help",
    )
    left_out: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def members_for(facts: Facts, target_kind: str | None, metric: str | None, preset: str) -> Members:
    """The members of a preset for such data."""
    if target_kind is None:
        return Members(EITHER[facts.kind], left_out=["the others wait for the target"])
    fast, more = MEMBERS[facts.kind, target_kind]
    wanted = [_suited(choice, facts) for choice in (fast + more if preset == "strong" else fast)]
    reasons = {choice.name: (choice, choice.against(facts)) for choice in wanted}
    chosen = [choice for choice, against in reasons.values() if against is None]
    left_out = [
        f"{name} is left out: {against}" for name, (_, against) in reasons.items() if against is not None
    ]
    common: dict[str, Any] = {
        "prepare": _prepare(facts), "left_out": left_out, "remarks": _remarks(facts, metric),
    }  # fmt: skip
    if any(choice.name in NETWORKS for choice in chosen):
        common["fit"] = _fit(facts, preset)
        if facts.photos is not None:
            common["augment"] = (
                list(PHOTO_AUGMENT),
                "photos mirrored, moved, lit a little otherwise in every epoch",
            )
    if target_kind != "classes":
        return Members(chosen, **common)
    predict, why = _predict(facts, metric)
    blend = (
        {"tested_mean": {"average": "logits", "blend": "weighted_mean"}},
        "of members not shown to be worse than the best: calibrated members together hesitate less by logits;"
        " weighted where that is shown to help",
    )
    return Members(chosen, predict=predict, predict_why=why, ensemble=blend, **common)


def _suited(choice: Choice, facts: Facts) -> Choice:
    """The member as such data want it."""
    if facts.one_range:
        choice = ONE_RANGE.get(choice.name, choice)
    if choice.entry.get("head") == PER_ATTRIBUTE and (
        facts.photos is None or len(facts.photos.attributes) < 2
    ):
        choice = replace(choice, entry={key: value for key, value in choice.entry.items() if key != "head"})
    return choice


def _fit(facts: Facts, preset: str) -> dict[str, Any]:
    return {**PHOTO_FIT, "epochs": PHOTO_EPOCHS[preset]} if facts.photos is not None else dict(FIT)


def _prepare(facts: Facts) -> tuple[list[Any], str] | None:
    """What to prepare otherwise than the kind of data does by default, and why."""
    if facts.photos is not None:
        size = network_size(facts.photos.shape)
        if size == facts.photos.shape:
            return None
        why = "guessed: height and width for networks; larger ones learn finer things, and slower"
        return [{"resize": {"size": list(size)}}, "normalize"], why
    if facts.one_range:
        return [
            "impute"
        ], "guessed: the columns come scaled to one range, and their spread tells what matters"
    if not facts.triples:
        return None
    magnitude = {"magnitude": {"axes": [list(group) for group in facts.triples]}}
    why = "guessed: three axes by their names, or else in their order; a vector's length stays when the sensor turns"
    return ["interpolate", magnitude, "standardize"], why


def network_size(shape: tuple[int, int]) -> tuple[int, int]:
    """Height and width for networks: the longer side at most 64, both multiples of 16; small photos stay.

    >>> network_size((128, 96)), network_size((128, 168)), network_size((28, 28))
    ((64, 48), (48, 64), (28, 28))
    """
    if max(shape) <= LONGER_SIDE:
        return shape
    height, width = (max(2 * SIDES, round(LONGER_SIDE * side / max(shape) / SIDES) * SIDES) for side in shape)
    return height, width


def _rarest(facts: Facts) -> float:
    return 1.0 if facts.classes is None else min(facts.classes.rows) / facts.samples


def _predict(facts: Facts, metric: str | None) -> tuple[dict[str, Any], str]:
    """What is done to probabilities, and why."""
    predict: dict[str, Any] = {"calibrate": ["temperature"]}
    if facts.photos is not None:
        predict = {"tta": list(PHOTO_TTA), **predict}
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
