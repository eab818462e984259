"""Which column is to be predicted, and whether it holds classes or a real value."""

from __future__ import annotations

import re

import pandas as pd

from holdfast.data.columns import guess_target_kind, some
from holdfast.errors import BadInput
from holdfast.plan.answers import Answers, Found, question
from holdfast.plan.clock import row_numbers
from holdfast.plan.groups import GROUP_WORDS, one_to_one
from holdfast.plan.look import is_number, is_whole
from holdfast.plan.roles import NAMELESS, Roles
from holdfast.recipe.registry import known
from holdfast.recipe.strict import nearest

TARGET_WORDS = re.compile(r"^(target|label|class|y|outcome|response|answer|정답|라벨)s?$", re.IGNORECASE)
NAMED_IN_QUESTION = 12


def find_target(roles: Roles, answers: Answers) -> Found:
    """The column to predict: answered, asked for by the sample, or alone in what test samples lack."""
    side = roles.side
    if answers.target is not None:
        if answers.target not in side.others(roles.id):
            raise BadInput(
                f"--target {answers.target}: {side.name} has no such column beside the id;"
                f" {nearest(answers.target, side.others(roles.id))}"
            )
        return Found(answers.target, given=True)
    form = roles.form
    if form is not None and form.kind == "several":
        return question(
            f"the sample asks for {len(form.columns)} columns, and a recipe predicts one;"
            f" which: {_options(list(form.columns))}"
        )
    if form is not None and form.target is not None and roles.sample is not None:
        what = (
            "has a column for each of its values" if form.kind == "probabilities" else "asks for this column"
        )
        return Found(form.target, f"{roles.sample.name} {what}")
    return _lacking_in_test(roles, answers)


def _lacking_in_test(roles: Roles, answers: Answers) -> Found:
    side, there = roles.side, roles.test_columns
    taken = {answers.column(option) for option in ("group", "time", "order")}
    columns = [
        column
        for column in side.others(roles.id)
        if column not in taken and not _counts_rows(side.frame, column)
    ]
    if there is not None:
        columns = [column for column in columns if column not in there]
    elif roles.labels is None:
        named = [column for column in columns if TARGET_WORDS.search(column)]
        if len(named) == 1:
            return Found(named[0], "by its name; there is no test part or sample to compare with")
        return question(f"which column is to be predicted: {_options(columns)}")
    where = "the test part lacks it" if there is not None else f"it stands in {side.name}"
    if len(columns) == 1:
        return Found(columns[0], where)
    named = [column for column in columns if TARGET_WORDS.search(column)]
    if len(named) == 1:
        return Found(named[0], f"{where}, and its name")
    rest = [column for column in columns if not GROUP_WORDS.search(column)]
    if rest and all(one_to_one(side.frame[rest[0]], side.frame[column]) for column in rest[1:]):
        return Found(rest[0], f"{where}, and the others look like groups or say the same")
    return question(f"which column is to be predicted: {_options(columns)}")


def target_kind(roles: Roles, target: str, answers: Answers) -> Found:
    """ "classes" or "real", from the values, the sample and a metric that was answered."""
    values = roles.side.frame[target].dropna()
    if values.empty:
        raise BadInput(f"{roles.side.path}: column {target!r}, the target, has no value at all")
    kinds = int(values.nunique())
    form = roles.form
    kind = guess_target_kind(values)
    whole = is_number(values) and is_whole(pd.to_numeric(values))
    if answers.metric is not None:
        wanted = _kind_scored(answers.metric, kind)
        if wanted == "real" and not is_number(values):
            raise BadInput(
                f"--metric {answers.metric}: scores numbers, and {target!r} holds texts"
                f" such as {values.iloc[0]!r}"
            )
        if wanted == "classes" and kind == "real" and not whole:
            raise BadInput(
                f"--metric {answers.metric}: scores classes, and {target!r} holds fractions"
                f" such as {values.iloc[0]!r}"
            )
        if wanted != kind:
            return Found(wanted, f"{answers.metric} asks for it")
    if form is not None and form.kind == "probabilities" and form.target == target:
        return Found("classes", f"{kinds} of them, a probability wanted for each")
    if (
        kind == "classes"
        and kinds > 2
        and whole
        and form is not None
        and form.kind == "one"
        and form.fractions
    ):
        return Found("real", "whole numbers, but the sample writes fractions")
    return Found(kind, f"{kinds:,} different values" + ("" if kind == "classes" else ", numbers"))


def _kind_scored(metric: str, kind: str) -> str:
    """The kind of target that a metric asks for: the one that the values look like, where it scores that."""
    scored = known("metric")[metric].targets  # type: ignore[attr-defined]
    if kind in scored:
        return kind
    others = [one for one in ("classes", "real") if one in scored]
    if not others:
        raise BadInput(f"--metric {metric}: scores grids of rain, and the target is a column of a table")
    return others[0]


def _counts_rows(frame: pd.DataFrame, column: str) -> bool:
    return bool(NAMELESS.match(column)) or row_numbers(frame[column])


def _options(columns: list[str]) -> str:
    """The columns to choose from; of many the first few."""
    return ", ".join(columns) if len(columns) <= NAMED_IN_QUESTION else some(columns)
