"""From the files' parts to every entry of a recipe, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from holdfast.errors import BadInput
from holdfast.plan.answers import Answers, Found
from holdfast.plan.clock import find_clock
from holdfast.plan.drops import drop_mirrors, find_features, refuse_none_left
from holdfast.plan.facts import Facts, gather
from holdfast.plan.groups import find_group
from holdfast.plan.guess_photos import find_attributes, group_of_rows, look_at_photos, notes_on, photo_fields
from holdfast.plan.look import ArrayFile, TableFile
from holdfast.plan.measure import count_classes, find_folds, find_metric, folds_entry
from holdfast.plan.presets import Members, members_for
from holdfast.plan.roles import Roles
from holdfast.plan.target import find_target, target_kind
from holdfast.recipe.strict import nearest


@dataclass(frozen=True)
class Plan:
    """All that a recipe says. `data` keeps the order in which its fields are written.

    `notes`: what was seen in the data, and not used.
    """

    data: dict[str, Found]
    dropped: dict[str, list[str]]
    metric: Found
    folds: dict[str, Any]
    folds_why: Found
    k_why: Found
    members: Members
    facts: Facts
    default_prepare: tuple[str, ...] = ()
    budget: str | None = None
    questions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def guess(roles: Roles, answers: Answers, preset: str) -> Plan:
    """Everything about a folder whose files have their parts. Raises BadInput for answers that cannot be."""
    if roles.frames is not None:
        from holdfast.plan.guess_frames import guess_frames

        return guess_frames(roles, answers, preset)
    if answers.unit is not None:
        raise BadInput(
            f"--unit {answers.unit}: only frames have a unit, and these data are of kind {roles.kind}"
        )
    time = _time(roles, answers)
    order = find_order(roles, answers)
    target = find_target(roles, answers)
    column = None if target.is_open else str(target.value)
    kind = None if column is None else target_kind(roles, column, answers)
    kind_name = None if kind is None else str(kind.value)
    joint = find_attributes(roles, column, kind_name, answers)
    attributes = [] if joint is None else [part.column for part in joint.parts]
    group = group_of_rows(roles, find_group(roles, column, kind_name, answers, attributes))
    group_column = None if group.is_open or group.value is None else str(group.value)
    classes = None
    if column is not None and kind_name == "classes":
        groups = None if group_column is None else roles.side.frame[group_column]
        classes = count_classes(roles.side.frame[column], groups)
    features, dropped = _features(
        roles, {roles.id, time.value, group_column, order.value, column}, column, kind_name
    )
    metric = find_metric(roles, kind_name, classes, answers)
    splitter, k = find_folds(roles, kind_name, group_column, classes, answers)
    data = {"kind": Found(roles.kind, roles.why["kind"], answers.kind is not None)}
    for role, file in roles.named().items():
        data[role] = Found(file.name, roles.why[role])
    data["id"] = Found(
        roles.id, roles.why.get("id", "no column names the samples: rows are counted"), answers.said("id")
    )
    if roles.kind == "windows" and not roles.is_array:
        data["time"] = time
    if order.value is not None:
        data["order"] = order
    data["group"] = group
    data["target"] = target
    if kind is not None:
        data["target_kind"] = kind
    photos = look_at_photos(roles, joint)
    if photos is not None:
        data = photo_fields(data, roles, joint, photos)
    facts = gather(roles, features, time.value, column, kind_name, group_column, classes, photos)
    return Plan(
        data=data, dropped=dropped, metric=metric, folds=folds_entry(splitter, k),
        folds_why=splitter, k_why=k,
        members=members_for(facts, kind_name, None if metric.is_open else str(metric.value), preset), facts=facts,
        budget=answers.budget,
        default_prepare=default_prepare(roles.kind), questions=questions(data, metric),
        notes=notes_on(roles, joint),
    )  # fmt: skip


def _time(roles: Roles, answers: Answers) -> Found:
    if roles.kind != "windows" or isinstance(roles.train, ArrayFile):
        if answers.column("time") is not None:
            raise BadInput(f"--time {answers.time}: only a long table, many rows an id, has a column of time")
        return Found(None)
    assert roles.id is not None
    moving = [
        column for column in roles.train.others(roles.id) if roles.labels or column not in roles.side.columns
    ]
    if answers.said("time"):
        column = answers.column("time")
        if column is not None and column not in roles.train.columns:
            raise BadInput(
                f"--time {column}: {roles.train.name} has no such column; {nearest(column, moving)}"
            )
        return Found(column, given=True)
    found = find_clock(roles.train, roles.id, moving)
    if found is None:
        return Found(None, "no column runs like a clock: rows count as in order, evenly spaced")
    return Found(*found)


def find_order(roles: Roles, answers: Answers) -> Found:
    column = answers.column("order")
    if column is not None and column not in roles.side.columns:
        raise BadInput(
            f"--order {column}: {roles.side.name}, which holds the targets, has no such column;"
            f" expected one value a sample; {nearest(column, roles.side.columns)}"
        )
    return Found(column, given=True)


def _features(
    roles: Roles, apart: set[str | None], target: str | None, kind: str | None
) -> tuple[list[str], dict[str, list[str]]]:
    if not isinstance(roles.train, TableFile) or roles.photos is not None:
        return [], {}
    features, dropped = find_features(roles, apart)
    if target is not None and kind is not None:
        features = drop_mirrors(roles, features, dropped, target, kind)
    refuse_none_left(roles, features, dropped)
    return features, dropped


def default_prepare(kind: str) -> tuple[str, ...]:
    from holdfast.recipe.registry import known

    return tuple(getattr(known("data")[kind], "default_prepare", ()))


def questions(data: dict[str, Found], metric: Found) -> list[str]:
    open_ones = [f"data.{name}: {found.value}" for name, found in data.items() if found.is_open]
    return open_ones + ([f"metric: {metric.value}"] if metric.is_open else [])
