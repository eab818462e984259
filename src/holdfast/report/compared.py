"""Several runs beside one another: scores, paired verdicts, fold by fold, and what differs in their recipes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from holdfast.report.blocks import Block, Chart, Code, Headline, Section, Table, Text
from holdfast.report.made import command, cost
from holdfast.report.told import Told
from holdfast.report.trust import marks_and_findings
from holdfast.store.run import ENSEMBLE, as_yaml
from holdfast.study.compare import Compared, compare
from holdfast.view.comparisons import forest_figure
from holdfast.view.figure import Figure, direction, interval, number
from holdfast.view.scores import FLOOR_KIND, PER_FOLD, per_fold_figure, scored_figure, standing

RUN_KIND = "ensemble"


def sections(tolds: Sequence[Told], data: Path | None) -> list[Section]:
    """Raises BadInput where the runs cannot be paired."""
    found = compare([one.run.path for one in tolds], data=data)
    names = run_names([one.run.path for one in tolds])
    return [
        _better(tolds, found, names),
        Section("folds-of-runs", "Fold by fold", [Chart(_folds(tolds, names))]),
        _trusted(tolds, names),
        _differ(tolds, names),
        _made(tolds, names),
    ]


def run_names(paths: Sequence[Path]) -> list[str]:
    """The folders' names, or their whole paths where two have the same."""
    names = [path.resolve().name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def _better(tolds: Sequence[Told], found: Compared, names: list[str]) -> Section:
    first, plain = tolds[0], found.plain()
    best = (max if found.greater_is_better else min)(range(len(names)), key=found.values.__getitem__)
    own = tolds[best].scores["members"][ENSEMBLE][first.metric]
    rows = [{**one, "label": name} for name, one in zip(names[1:], plain["compared"], strict=True)]
    differ = [row["label"] for row in rows if row["verdict"] != "can't tell"]
    said = (
        f"differs from {names[0]}: {', '.join(differ)}"
        if differ
        else f"no run is shown to differ from {names[0]}"
    )
    blocks: list[Block] = [
        Headline(
            f"{direction(first.metric, first.greater)}, best of {len(names)} runs: {names[best]}",
            number(own["value"]), interval(own["low"], own["high"]),
            f"95 % interval: {own['how']}, {own['units']} of them",
        ),
        Text(f"{said}. The best of several runs is chosen by its score, so the score flatters it.", "warn", "Verdict"),
        Chart(_scores(tolds, names)),
        Chart(forest_figure(rows, found.metric, found.greater_is_better, names[0], "forest")),
        Text(f"differences up to {found.rope:.4g} count as equal ({found.rope_how}).", head="Equal"),
    ]  # fmt: skip
    return Section("better", "Which run is better?", blocks)


def _scores(tolds: Sequence[Told], names: list[str]) -> Figure:
    first = tolds[0]
    runs = [
        (name, RUN_KIND, told.scores["members"][ENSEMBLE]) for name, told in zip(names, tolds, strict=True)
    ]
    floors = [one for one in standing(first.scores) if one[1] == FLOOR_KIND]
    title = "Scores beside what learns nothing"
    return scored_figure("runs", title, [*runs, *floors], first.metric, first.greater)


def _folds(tolds: Sequence[Told], names: list[str]) -> Figure:
    held = {name: told.scores["members"][ENSEMBLE][PER_FOLD] for name, told in zip(names, tolds, strict=True)}
    return per_fold_figure(held, tolds[0].metric, tolds[0].greater)


def _trusted(tolds: Sequence[Told], names: list[str]) -> Section:
    blocks = [
        replace(block, text=f"{name}: {block.text}") if isinstance(block, Text) else block
        for name, told in zip(names, tolds, strict=True)
        for block in marks_and_findings(told, name)
    ]
    return Section("trusted", "Can they be trusted?", blocks)


def _differ(tolds: Sequence[Told], names: list[str]) -> Section:
    """The lines of the resolved recipes that differ from the first's."""
    blocks: list[Block] = []
    first = as_yaml(tolds[0].run.recipe).splitlines()
    for name, told in zip(names[1:], tolds[1:], strict=True):
        other = as_yaml(told.run.recipe).splitlines()
        lines = list(difflib.unified_diff(first, other, names[0], name, n=2, lineterm=""))
        if lines:
            blocks.append(Code(f"{names[0]} and {name}", "\n".join(lines), long=True))
        else:
            blocks.append(Text(f"{name} has the recipe of {names[0]}."))
    return Section("differ", "What differs between their recipes?", blocks)


def _made(tolds: Sequence[Told], names: list[str]) -> Section:
    blocks: list[Block] = []
    for name, told in zip(names, tolds, strict=True):
        blocks += [
            Code(f"The command that repeats {name}", command(told.run)),
            Table(f"What {name} took", ("what", "how much"), list(cost(told.run))),
        ]
    return Section("made", "What was run", blocks)
