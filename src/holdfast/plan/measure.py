"""Which score, and which folds: how many, and what they keep together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from holdfast.errors import BadInput
from holdfast.plan.answers import Answers, Found, question
from holdfast.plan.roles import Roles
from holdfast.recipe.registry import known
from holdfast.recipe.target import class_names, encode

USUAL_K = 5
SKEWED = 1 / 3  # a rarest class under this part of an even share makes accuracy look past it
SEED = 0


@dataclass(frozen=True)
class Classes:
    """Rows and independent units (groups, else samples) of each class."""

    names: tuple[str, ...]
    rows: np.ndarray
    units: np.ndarray

    @property
    def rarest(self) -> int:
        """The class that bounds the folds: fewest units, then fewest rows."""
        return int(np.lexsort((self.rows, self.units))[0])

    @property
    def skewed(self) -> bool:
        return bool(self.rows.min() < SKEWED * self.rows.sum() / len(self.rows))


def count_classes(target: pd.Series, groups: pd.Series | None) -> Classes:
    """Counts by class; rows without a target are left out."""
    there = target.notna().to_numpy()
    values = target[there].astype(str)
    names = class_names(values)
    codes = encode(values, names)
    rows = np.bincount(codes, minlength=len(names))
    if groups is None:
        return Classes(names, rows, rows)
    units = pd.factorize(groups[there])[0]
    pairs = np.unique(np.stack([codes, units]), axis=1)
    return Classes(names, rows, np.bincount(pairs[0], minlength=len(names)))


def find_metric(roles: Roles, kind: str | None, classes: Classes | None, answers: Answers) -> Found:
    """The score: answered, implied by the form of the sample, or the usual one for the target."""
    if answers.metric is not None:
        _refuse_other_target(answers.metric, kind)
        return Found(answers.metric, given=True)
    if kind == "grid":
        return Found("mae", "the usual one for rain; mae_csi weighs it by how much of the rain is found")
    if kind is None:
        return question("the score depends on data.target; `holdfast new` with --target COLUMN chooses it")
    if kind == "real":
        return Found("rmse", "the target is a real value; mae weighs large errors less")
    assert classes is not None
    form = roles.form
    if form is not None and form.kind == "probabilities":
        return Found("log_loss", "the sample asks for a probability of each class")
    if form is not None and len(classes.names) == 2 and form.fractions:
        return Found("roc_auc", "two classes, and the sample writes fractions")
    if classes.skewed:
        scarce = int(np.argmin(classes.rows))
        share = classes.rows[scarce] / classes.rows.sum()
        return Found(
            "macro_f1",
            f"class {classes.names[scarce]} is rare ({share:.1%}), and accuracy would look past it",
        )
    return Found("accuracy", "no class is rare")


def _refuse_other_target(metric: str, kind: str | None) -> None:
    """Raises BadInput for a score of something else than grids, where those are predicted."""
    every = known("metric")
    if kind == "grid" and kind not in every[metric].targets:  # type: ignore[attr-defined]
        suited = [name for name, cls in every.items() if kind in cls.targets]  # type: ignore[attr-defined]
        raise BadInput(f"--metric {metric}: does not score frames; expected one of {', '.join(suited)}")


def find_folds(
    roles: Roles, kind: str | None, group: str | None, classes: Classes | None, answers: Answers
) -> tuple[Found, Found]:
    """The splitter and k."""
    splitter = _splitter(kind, group, answers)
    if not known("folds") or "k" not in known("folds")[splitter.value].model_fields:
        return splitter, Found(None)
    return splitter, _k(roles, group, classes, answers)


def _splitter(kind: str | None, group: str | None, answers: Answers) -> Found:
    if answers.folds is not None:
        if answers.folds == "blocks" and answers.column("order") is None:
            raise BadInput("--folds blocks: needs --order COLUMN, the column of time or sequence")
        if answers.folds in ("group", "stratified_group") and group is None:
            raise BadInput(
                f"--folds {answers.folds}: needs a group column, and none is known; name one with --group"
            )
        if answers.folds == "stratified" and group is not None:
            raise BadInput(
                f"--folds stratified: would put one {group} on both sides; say --group none if that is right"
            )
        return Found(answers.folds, given=True)
    if answers.column("order") is not None:
        return Found(
            "blocks", "an order was given: later samples are not to be told from earlier ones beside them"
        )
    if group is not None:
        if kind == "classes" or kind is None:
            return Found("stratified_group", f"each {group} on one side of a split, class shares even")
        if kind == "grid":
            return Found("stratified_group", f"each {group} on one side of a split, amounts of rain even")
        return Found("group", f"each {group} on one side of a split")
    if kind == "real":
        return Found("stratified", "no group is known; every fold covers the range of the target")
    return Found("stratified", "no group is known; class shares even")


def _k(roles: Roles, group: str | None, classes: Classes | None, answers: Answers) -> Found:
    unit = "samples" if group is None else "groups"
    most = len(roles.side) if group is None else len(roles.side.different(group))
    why = f"of {most:,} {unit}"
    if classes is not None:
        rarest = classes.rarest
        most = min(most, int(classes.units[rarest]))
        why = f"class {classes.names[rarest]} has the fewest {unit}, {classes.units[rarest]:,}"
    if answers.k is not None:
        return Found(answers.k, given=True)
    if most < 2:
        return Found(2, f"{why}, so no split has it on both sides: join it with another or leave it out")
    return Found(min(USUAL_K, most), why)


def folds_entry(splitter: Found, k: Found) -> dict[str, Any]:
    """The recipe's value for `folds`."""
    entry: dict[str, Any] = {"kind": splitter.value}
    fields = known("folds")[splitter.value].model_fields
    if k.value is not None:
        entry["k"] = k.value
    if "seed" in fields:
        entry["seed"] = SEED
    return entry
