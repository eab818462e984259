"""From the parts of a folder of frames to every entry of a recipe."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from holdfast.errors import BadInput
from holdfast.plan.answers import Answers, Found, question
from holdfast.plan.clock import TIME_WORDS, as_numbers
from holdfast.plan.facts import Facts, to_predict
from holdfast.plan.frame_facts import find_unit, look_at_frames, notes_of_frames
from holdfast.plan.frame_files import FrameParts
from holdfast.plan.groups import GROUP_WORDS, find_group
from holdfast.plan.guess import Plan, default_prepare, find_order, questions
from holdfast.plan.measure import find_folds, find_metric, folds_entry
from holdfast.plan.presets_of_frames import members_of_frames
from holdfast.plan.roles import Roles

# Where no column has a usual name of groups: what else keeps windows together that overlap.
BLOCK_WORDS = re.compile(
    rf"{GROUP_WORDS.pattern}|block|storm|case|sequence|scene|tile|day|^date$", re.IGNORECASE
)


def guess_frames(roles: Roles, answers: Answers, preset: str) -> Plan:
    """Everything about frames. Raises BadInput for answers that cannot be."""
    parts = roles.frames
    assert parts is not None
    if answers.column("time") is not None:
        raise BadInput(
            f"--time {answers.time}: frames come in order; name the column of their time with --order"
        )
    unit, order = find_unit(parts, answers), find_time(roles, answers)
    group = find_event(roles, replace(answers, order=None if order.value is None else str(order.value)))
    group_column = None if group.is_open or group.value is None else str(group.value)
    metric = find_metric(roles, "grid", None, answers)
    folds, splitter, k = _folds(roles, group_column, order, answers)
    seen = look_at_frames(parts, unit)
    facts = Facts(
        "frames", len(roles.side), to_predict(roles), seen.frames, None, 0.0, 0.0, group_column,
        None if group_column is None else len(roles.side.different(group_column)), None, None, frames=seen,
    )  # fmt: skip
    data = _data(roles, answers, unit, order, group)
    return Plan(
        data=data, dropped={}, metric=metric, folds=folds, folds_why=splitter, k_why=k,
        members=members_of_frames(facts, preset), facts=facts, budget=answers.budget,
        default_prepare=default_prepare("frames"), questions=questions(data, metric),
        notes=notes_of_frames(parts, unit),
    )  # fmt: skip


def _data(roles: Roles, answers: Answers, unit: Found, order: Found, group: Found) -> dict[str, Found]:
    parts = roles.frames
    assert parts is not None
    data = {"kind": Found("frames", roles.why["kind"], answers.kind is not None)}
    for role, file in roles.named().items():
        data[role] = Found(file.name, roles.why[role])
        field = {"train": "frames", "test": "test_frames"}.get(role)
        if field is not None and (there := getattr(parts, field)) is not None:
            data[field] = Found(there, parts.why[field])
    data["id"] = Found(
        roles.id, roles.why.get("id", "no column names the samples: rows are counted"), answers.said("id")
    )
    data["group"] = group
    if order.value is not None:
        data["order"] = order
    data["unit"] = unit
    layout, leads = parts.axes.why
    data["layout"] = Found(parts.axes.layout, layout)
    data["leads"] = (
        question(
            "how many of the last frames of a training sample are to be predicted",
            "test samples have as many",
        )
        if parts.axes.leads is None
        else Found(parts.axes.leads, leads)
    )
    return data


def find_time(roles: Roles, answers: Answers) -> Found:
    """The column of the samples' time: answered, or alone with a name of time and values of it."""
    if answers.said("order"):
        return find_order(roles, answers)
    taken = {roles.id, answers.column("group")}
    named = [
        column
        for column in roles.side.columns
        if column not in taken and TIME_WORDS.search(column) and _is_time(roles.side.frame[column])
    ]
    if len(named) != 1:
        return Found(None)
    return Found(named[0], "the time of each sample, by its name and its values")


def _is_time(values: pd.Series) -> bool:
    """Whether there are several, none missing, all dates or numbers."""
    if values.isna().any() or pd.api.types.is_bool_dtype(values):
        return False
    numbers = as_numbers(values)
    return numbers is not None and len(np.unique(numbers)) > 1


def find_event(roles: Roles, answers: Answers) -> Found:
    """The column whose values keep windows together that overlap, by a usual name."""
    found = find_group(roles, None, "grid", answers)
    if answers.said("group") or found.value is not None:
        return found
    wider = find_group(roles, None, "grid", answers, words=BLOCK_WORDS)
    if wider.value is not None:
        return wider
    return Found(None, "no column with repeated values has the name of a group; windows may overlap others")


def guard(parts: FrameParts) -> float:
    """Minutes that samples must be apart, so as not to share frames: those in and out, at the usual step."""
    from holdfast.recipe.registry import known

    step = known("data")["frames"].model_fields["step"].default
    return float(step * (parts.axes.frames + (parts.axes.leads or 0)))


def _folds(
    roles: Roles, group: str | None, order: Found, answers: Answers
) -> tuple[dict[str, Any], Found, Found]:
    """The recipe's entry, the splitter and k with their reasons."""
    known_order = None if order.value is None else str(order.value)
    asked = replace(answers, order=known_order)
    if answers.folds is None and group is None and known_order is None:
        splitter, k = find_folds(roles, "real", None, None, asked)
        why = "no group and no time is known: windows that overlap may be on both sides, and scores too good"
        return folds_entry(splitter, k), Found("stratified", why), k
    if answers.folds is None and group is not None:
        asked = replace(asked, order=None)  # blocks of time only where events are not known
    splitter, k = find_folds(roles, "grid", group, None, asked)
    entry = folds_entry(splitter, k)
    if splitter.value == "blocks" and group is None:
        assert roles.frames is not None
        entry["guard"] = guard(roles.frames)
        if answers.folds is None:
            splitter = Found(
                "blocks", "no group is known: blocks of time, with the samples nearest to each left out"
            )
    return entry, splitter, k
