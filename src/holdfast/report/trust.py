"""What is the score, and can I trust it?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from holdfast.report.blocks import Block, Chart, Headline, Section, Table, Text
from holdfast.report.told import Told
from holdfast.store.run import ENSEMBLE
from holdfast.view.figure import direction, interval, number
from holdfast.view.scores import PER_FOLD, members_figure, standing

FEW = 12  # units, below which an interval itself is unsure


def trust(told: Told) -> Section:
    """Score, interval, floor, marks, findings."""
    scores = told.scores
    own = scores["members"][ENSEMBLE][told.metric]
    blocks: list[Block] = [
        Headline(
            f"{direction(told.metric, told.greater)}, ensemble, out of fold",
            number(own["value"]),
            interval(own["low"], own["high"]),
            f"95 % interval: {own['how']}, {own['units']} of them",
        ),
        *_marks(told),
        _against_floor(scores),
        *_sureness(own),
    ]
    alone = {**scores, "members": {ENSEMBLE: scores["members"][ENSEMBLE]}}
    blocks.append(Chart(replace(members_figure(alone), name="score", title="The score beside the floor")))
    if "against" in scores:
        blocks.append(_against_floors(scores))
    blocks += [_other_metrics(scores), *_findings(told)]
    blocks += [Text(note, head="Note") for note in scores["notes"]]
    return Section("score", "What is the score, and can I trust it?", blocks)


def marks_and_findings(told: Told, name: str) -> list[Block]:
    """The marks of a run among others, its floor and what checks found."""
    found = [
        replace(one, caption=f"{name}: {one.caption}") if isinstance(one, Table) else one
        for one in _findings(told)
    ]
    return [*_marks(told), _against_floor(told.scores), *found]


def _marks(told: Told) -> list[Block]:
    """What a reader must know before the number is believed."""
    marks: list[Block] = []
    if runs := told.run.environment.get("runs"):
        names = ", ".join(one.rstrip("/").rsplit("/", 1)[-1] for one in runs)
        marks.append(
            Text(
                f"nothing was trained here: the members are those of {names}, chosen by people who have seen their"
                " scores; choosing among many runs makes a score look better than it is.",
                "warn", "Blend",
            )
        )  # fmt: skip
    if habits := _habits(told.scores):
        marks.append(
            Text(f"{', '.join(habits)}: this score claims more than it can; it is no run's.", "bad", "Habits")
        )
    held = told.run.findings
    if held["accepted"]:
        marks.append(
            Text(f"errors of checks that were accepted: {', '.join(held['accepted'])}.", "warn", "Accepted")
        )
    return marks


def _habits(scores: dict[str, Any]) -> list[str]:
    """Those of `holdfast study habits`, where a score or the fit of a fold is marked with them."""
    folds = [
        fold
        for member in scores.get("facts", {}).values()
        for fold in member.values()
        if isinstance(fold, dict)
    ]
    return sorted({name for held in (scores, *folds) for name in held.get("habits", ())})


def _against_floor(scores: dict[str, Any]) -> Text:
    """Whether the interval of the score lies clear of what learns nothing."""
    metric, sign = scores["metric"], 1 if scores["greater_is_better"] else -1
    own = scores["members"][ENSEMBLE][metric]
    floors = [
        (name, one[metric])
        for name, kind, one in standing(scores)
        if kind == "learns nothing" and metric in one
    ]
    name, best = max(floors, key=lambda floor: sign * floor[1]["value"])
    near = own["low"] if sign > 0 else own["high"]
    if paired := scores.get("against", {}).get(name, {}).get(metric):
        return _against_paired(name, paired, sign)
    said = f"what learns nothing gets {number(best['value'])} {interval(best['low'], best['high'])} ({name})"
    if sign * near > sign * best["value"]:
        return Text(f"{said}; the whole interval of the score is better than that.", "good", "Floor")
    if sign * own["value"] > sign * best["value"]:
        return Text(f"{said}; the interval of the score reaches it, so little is shown.", "warn", "Floor")
    return Text(f"{said}; the score is no better: nothing is shown to be learned.", "bad", "Floor")


def _against_paired(name: str, paired: dict[str, Any], sign: int) -> Text:
    """The same, where the difference to the floor is known pair by pair, which tells more."""
    ends = interval(paired["low"], paired["high"], True)
    said = f"less {name}, which learns nothing: {number(paired['value'], True)} {ends}"
    low, high = sorted((sign * paired["low"], sign * paired["high"]))
    if low > 0:
        return Text(f"{said}; the score is better, its whole interval too.", "good", "Floor")
    if high < 0:
        return Text(f"{said}; the score is worse than what learns nothing.", "bad", "Floor")
    return Text(f"{said}; nothing is shown to be better than what learns nothing.", "warn", "Floor")


def _sureness(own: dict[str, Any]) -> list[Block]:
    if "no groups" in own["how"]:
        text = (
            "no groups are known. If samples come from the same people, devices or places, the interval is too narrow"
            " and the score may be too good; name the column as data.group."
        )
        return [Text(text, "warn", "Groups")]
    if own["units"] < FEW:
        return [
            Text(
                f"{own['units']} groups are few: another draw of groups may differ by more.", "warn", "Groups"
            )
        ]
    return []


def _against_floors(scores: dict[str, Any]) -> Table:
    rows = [
        (floor, key, number(one["value"], True), interval(one["low"], one["high"], True), f"{one['percent']:+.1f} %")
        for floor, held in scores["against"].items()
        for key, one in held.items()
    ]  # fmt: skip
    how = next((one["how"] for held in scores["against"].values() for one in held.values()), "")
    head = ("floor", "metric", "ensemble less floor", "95 % interval", "change")
    return Table(f"The ensemble against the floors; intervals: {how}", head, rows)


def _other_metrics(scores: dict[str, Any]) -> Table:
    """The ensemble by every metric, beside what learns nothing."""
    who = [(name, one) for name, kind, one in standing(scores) if kind != "member"]
    keys = [key for key in scores["members"][ENSEMBLE] if key != PER_FOLD]

    def cell(one: dict[str, Any], key: str) -> str:
        return (
            f"{number(one[key]['value'])} {interval(one[key]['low'], one[key]['high'])}"
            if key in one
            else "–"
        )

    rows = [(key, *(cell(one, key) for _, one in who)) for key in keys]
    return Table("By every metric, with 95 % intervals", ("metric", *(name for name, _ in who)), rows)


def _findings(told: Told) -> list[Block]:
    held = told.run.findings
    if not held["findings"]:
        text = f"no check has looked at this run; holdfast check {told.run.path} does."
        return [Text(text, "warn", "Checks")]
    found = [one for one in held["findings"] if one["status"] == "found"]
    looked = sum(one["status"] != "not applicable" for one in held["findings"])
    if not found:
        return [Text(f"{looked} checks looked, and found nothing.", "good", "Checks")]
    rows = [
        (
            one["code"],
            "accepted" if one["code"] in held["accepted"] else one["severity"],
            one["said"] + (f" ({', '.join(map(_named, one['ids'][:5]))})" if one["ids"] else ""),
            one["advice"],
        )
        for one in sorted(found, key=lambda one: ("error", "warning", "info").index(one["severity"]))
    ]
    return [Table(f"What {looked} checks found", ("code", "severity", "seen", "what to do"), rows)]


def _named(one: Any) -> str:
    return " and ".join(one) if isinstance(one, list) else str(one)
