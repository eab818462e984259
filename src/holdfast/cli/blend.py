"""`holdfast blend RUN…`: members of several finished runs combined into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def blend(
    runs: Annotated[
        list[Path], typer.Argument(help="finished run folders, trained on the same folds", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="run folder to make", show_default=False)],
    ensemble: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="as in a recipe: caruana, or '{stacking: {model: ridge}}'; by default the tested mean",
        ),
    ] = None,
) -> None:
    """Combine the members of finished runs, matched by id and cross-fitted on their common folds.

    What it makes is a run folder: `holdfast show`, `compare` and `submit` read it.
    """
    import yaml

    from holdfast.cli.record import record
    from holdfast.cli.scores import next_steps, score_lines
    from holdfast.errors import BadInput
    from holdfast.study.blend import blend as blend_runs

    try:
        entry = None if ensemble is None else yaml.safe_load(ensemble)
    except yaml.YAMLError:
        raise BadInput(
            f"--ensemble: expected a name, or {{name: {{fields}}}} as in a recipe, got {ensemble!r}"
        ) from None
    run = blend_runs(runs, output, entry)
    notes = [f"note: {note}" for note in run.scores["notes"] if note.startswith("ensemble ")]
    for line in [*score_lines(run.scores), "", *notes, "", *next_steps(run)]:
        typer.echo(line)
    record(run.path)
