"""`holdfast show RUN`: the scores of a finished run, or how far another one is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from holdfast.store.run import Run

DOCS = "docs/checks.md"


def show(
    run: Annotated[Path, typer.Argument(help="run folder that `holdfast train` made", show_default=False)],
) -> None:
    """Show a run: scores with intervals, classes, folds, notes; or what an unfinished one still lacks."""
    from holdfast.store.run import Run

    there = Run(run)
    for line in finished_lines(there) if there.finished else unfinished_lines(there):
        typer.echo(line)


def finding_lines(run: Run) -> list[str]:
    """What the run's checks found: code, how severe, and what they saw."""
    from holdfast.cli.columns import columns

    held = run.findings
    found = [one for one in held["findings"] if one["status"] == "found"]
    rows = [
        [one["code"], "accepted" if one["code"] in held["accepted"] else one["severity"], one["said"]]
        for one in found
    ]
    return [f"findings of checks ({DOCS} says what to do)", *columns(rows)] if rows else []


def finished_lines(run: Run) -> list[str]:
    """Every table of a finished run, a blank line between them."""
    from holdfast.cli.grid_scores import against_lines, crps_lines, group_lines
    from holdfast.cli.scores import (
        attribute_lines,
        class_lines,
        fold_lines,
        next_steps,
        other_metric_lines,
        score_lines,
    )

    scores = run.scores
    blocks = [score_lines(scores), other_metric_lines(scores), attribute_lines(scores), class_lines(scores)]
    if "floors" in scores:
        blocks += [against_lines(scores), crps_lines(scores), group_lines(scores)]
    blocks += [fold_lines(scores), finding_lines(run)]
    blocks += [[f"note: {note}" for note in scores["notes"]], next_steps(run)]
    return "\n\n".join("\n".join(block) for block in blocks if block).split("\n")


def unfinished_lines(run: Run) -> list[str]:
    """Which folds of which member are done, begun or to do, and what to type."""
    from holdfast.cli.columns import columns

    rows = [["member", "done", "begun", "to do"]]
    for member in run.recipe["members"]:
        named: dict[str, list[str]] = {"done": [], "begun": [], "to do": []}
        for repeat, fold in planned_folds(run):
            named[_state(run, member, repeat, fold)].append(f"{fold}" + (f".r{repeat}" if repeat else ""))
        rows.append([member, *(" ".join(folds) or "-" for folds in named.values())])
    return [
        f"{run.path} is not finished; its folds:",
        *columns(rows),
        *finding_lines(run),
        f"next: the `holdfast train … -o {run.path}` command that began it, once more; it continues,",
        "      and trains no finished fold again",
    ]


def planned_folds(run: Run) -> list[tuple[int, int]]:
    """Every repeat and fold that `folds.csv` names."""
    import pandas as pd

    pairs = pd.read_csv(run.path / "folds.csv", usecols=["repeat", "fold"]).drop_duplicates()
    return sorted(
        (int(repeat), int(fold)) for repeat, fold in zip(pairs["repeat"], pairs["fold"], strict=True)
    )


def _state(run: Run, member: str, repeat: int, fold: int) -> str:
    if run.done(member, repeat, fold) is not None:
        return "done"
    return "begun" if run.fold_folder(member, repeat, fold).is_dir() else "to do"
