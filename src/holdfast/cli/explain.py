"""`holdfast explain RUN`: what a run mistakes for what, and where in its pictures that comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.explain_frames import frame_lines

if TYPE_CHECKING:
    from holdfast.study.explain import Explained

SHOWN = 5  # confusions of each attribute


def explain(
    run: Annotated[Path, typer.Argument(help="finished run folder", show_default=False)],
    member: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="whose mistakes; by default those of the member of the best score"),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="worst mistakes to list, and to draw maps of")] = 12,
    samples: Annotated[
        bool, typer.Option("--samples/--no-samples", help="draw the mistaken pictures or frames, or none")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="overwrite an explanation that is there")] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where the data lie now, if they have moved")
    ] = None,
) -> None:
    """List the worst out-of-fold mistakes and what is taken for what, by class and by attribute.

    For pictures, maps show what speaks for the wrong answer, by the model that did not see the picture. Forecasts
    of rain are drawn: the worst and typical samples, an event, error by rain, reliability.
    All is stored in the run folder, in explain/.
    """
    from holdfast.cli.importance import progress
    from holdfast.study.explain import Explained
    from holdfast.study.explain import explain as study

    with progress("explain") as report:
        found = study(run, member, count, samples, force, data, report)
    for line in lines_of(found) if isinstance(found, Explained) else frame_lines(found):
        typer.echo(line)


def lines_of(found: Explained) -> list[str]:
    """The mistakes, the confusions of attributes (of classes where there are none), and the files."""
    tables = found.confusion["attributes"] or {"class": found.confusion["classes"]}
    return [
        "",
        f"{found.member}: worst mistakes out of fold",
        *mistake_lines(found),
        "",
        *(line for name, table in tables.items() for line in confusion_lines(name, table)),
        *(f"note: {note}" for note in found.notes),
        f"stored: {', '.join(str(file) for file in found.files)}",
    ]


def mistake_lines(found: Explained) -> list[str]:
    from holdfast.cli.columns import columns

    if not len(found.mistakes):
        return ["none"]
    rows = [
        [
            row["id"],
            str(row["fold"]),
            row["truth"],
            f"{row['p_truth']:.3f}",
            row["said"],
            f"{row['p_said']:.3f}",
        ]
        for _, row in found.mistakes.iterrows()
    ]
    return columns([["id", "fold", "truth", "its share", "said", "its share"], *rows], right=(1, 3, 5))


def confusion_lines(name: str, table: dict[str, Any]) -> list[str]:
    """How many are right, and what is most often taken for what.

    >>> confusion_lines("mask", {"names": ["no", "yes"], "counts": [[7, 1], [0, 2]]})
    ['mask: 9 of 10 right; no taken for yes 1']
    """
    names, counts = table["names"], table["counts"]
    right = sum(row[i] for i, row in enumerate(counts))
    total = sum(sum(row) for row in counts)
    wrong = sorted(
        ((n, names[i], names[j]) for i, row in enumerate(counts) for j, n in enumerate(row) if i != j and n),
        key=lambda each: -each[0],
    )
    most = ", ".join(f"{true} taken for {said} {n}" for n, true, said in wrong[:SHOWN])
    return [f"{name}: {right} of {total} right{'; ' + most if most else ''}"]
