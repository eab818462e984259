"""Scores of a run: members beside the floor, fold by fold, attributes of joint labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast.store.run import ENSEMBLE
from holdfast.view.figure import (
    BLUE,
    GREEN,
    GREY,
    WIDTH,
    Figure,
    altair,
    direction,
    inline,
    interval,
    number,
)
from holdfast.view.ranges import range_chart

Scores = dict[str, Any]
FLOOR_KIND, MEMBER_KIND, ENSEMBLE_KIND = "learns nothing", "member", "ensemble"
COLOURS = {ENSEMBLE_KIND: GREEN, MEMBER_KIND: BLUE, FLOOR_KIND: GREY}
PER_FOLD = "per_fold"


def standing(scores: Scores) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, kind and scores of everyone that is scored: the ensemble, members, then what learns nothing."""
    members = dict(scores["members"])
    first = [(ENSEMBLE, ENSEMBLE_KIND, members.pop(ENSEMBLE))]
    floors = dict(scores.get("floors") or {"floor": scores["floor"]})
    if "sample" in scores:
        floors["sample submission"] = scores["sample"]
    rest = [(name, MEMBER_KIND, one) for name, one in members.items()]
    return [*first, *rest, *((name, FLOOR_KIND, one) for name, one in floors.items())]


def members_figure(scores: Scores, metric: str | None = None) -> Figure:
    """Members and ensemble with their intervals by a metric (the recipe's), beside what learns nothing."""
    metric = metric or scores["metric"]
    greater = scores.get("directions", {}).get(metric, scores["greater_is_better"])
    return scored_figure("members", "Scores beside what learns nothing", standing(scores), metric, greater)


def scored_figure(
    name: str, title: str, scored: Sequence[tuple[str, str, dict[str, Any]]], metric: str, greater: bool
) -> Figure:
    """Scores with their intervals by a metric of any who are `scored`: name, kind, scores."""
    rows = [
        {"label": who, "kind": kind, **{key: one[metric][key] for key in ("value", "low", "high")}}
        for who, kind, one in scored
        if metric in one
    ]
    said = "; ".join(
        f"{row['label']} {number(row['value'])} {interval(row['low'], row['high'])}" for row in rows
    )
    kinds = {kind: COLOURS[kind] for kind in COLOURS if any(row["kind"] == kind for row in rows)}
    return Figure(
        name, title, f"{direction(metric, greater)}, with 95 % intervals: {said}.",
        ("who", "kind", metric, "low", "high"),
        tuple((row["label"], row["kind"], row["value"], row["low"], row["high"]) for row in rows),
        range_chart(rows, direction(metric, greater), colours=kinds),
    )  # fmt: skip


def folds_figure(scores: Scores) -> Figure:
    """The recipe's metric of each member in each fold; folds of later repeats are called 0.r1, 1.r1 …"""
    held = {name: one[PER_FOLD] for name, _, one in standing(scores) if PER_FOLD in one}
    return per_fold_figure(held, scores["metric"], scores["greater_is_better"], list(scores["members"]))


def per_fold_figure(
    held: Mapping[str, list[list[float]]], metric: str, greater: bool, drawn: Sequence[str] | None = None
) -> Figure:
    """Scores `[repeat][fold]` of several, by name; the sentence is about the first. `drawn`: whose; the table has all."""
    alt = altair()
    rows: list[dict[str, Any]] = [
        {"fold": f"{fold}" + (f".r{repeat}" if repeat else ""), "member": name, "value": value}
        for name, repeats in held.items()
        for repeat, folds in enumerate(repeats)
        for fold, value in enumerate(folds)
    ]
    names, first = list(held), next(iter(held))
    folds_ = list(dict.fromkeys(row["fold"] for row in rows))
    known = [row for row in rows if row["member"] == first and row["value"] == row["value"]]
    says = "No fold has a score."
    if known:
        low, high = (end(known, key=lambda row: row["value"]) for end in (min, max))
        says = (
            f"{metric} of {first} fold by fold: from {number(low['value'])} in fold {low['fold']}"
            f" to {number(high['value'])} in fold {high['fold']}."
        )
    domain = [name for name in names if drawn is None or name in drawn]
    scale = {"scale": alt.Scale(domain=domain), "title": None}
    chart = (
        alt.Chart(inline([row for row in rows if row["member"] in domain]))
        .mark_point(size=70, filled=True, opacity=0.85)
        .encode(
            x=alt.X("value:Q", title=direction(metric, greater), scale=alt.Scale(zero=False)),
            y=alt.Y("fold:N", sort=folds_, title="fold"),
            color=alt.Color("member:N", **scale),
            shape=alt.Shape("member:N", **scale),
            tooltip=["member:N", "fold:N", alt.Tooltip("value:Q", format=".4f")],
        )
        .properties(width=WIDTH, height=max(24 * len(folds_), 60))
    )
    cells = {(row["member"], row["fold"]): row["value"] for row in rows}
    table = tuple((fold, *(cells.get((name, fold)) for name in names)) for fold in folds_)
    return Figure("folds", "Fold by fold", says, ("fold", *names), table, chart)


def attributes_figure(scores: Scores, metric: str = "macro_f1") -> Figure:
    """Each attribute of a joint label by the ensemble, with its interval."""
    held = {name: members[ENSEMBLE][metric] for name, members in scores["attributes"].items()}
    rows = [
        {"label": name, **{key: one[key] for key in ("value", "low", "high")}} for name, one in held.items()
    ]
    said = "; ".join(
        f"{row['label']} {number(row['value'])} {interval(row['low'], row['high'])}" for row in rows
    )
    table = tuple(
        (name, *(members[ENSEMBLE][key][part] for key in ("macro_f1", "accuracy") for part in ("value", "low", "high")))
        for name, members in scores["attributes"].items()
    )  # fmt: skip
    head = (
        "attribute",
        *(f"{key}{part}" for key in ("macro_f1", "accuracy") for part in ("", " low", " high")),
    )
    return Figure(
        "attributes", "Attributes of the joint label",
        f"{metric} of each attribute, by its marginal probability, with 95 % intervals: {said}.",
        head, table, range_chart(rows, direction(metric, True)),
    )  # fmt: skip
