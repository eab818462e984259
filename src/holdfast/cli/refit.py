"""`holdfast refit RUN`: a finished run's members trained on all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def refit(
    run: Annotated[Path, typer.Argument(help="finished run folder", show_default=False)],
    members: Annotated[
        str | None, typer.Option(metavar="NAMES", help="some of them, as conv,trees; by default all")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="folder to make; by default RUN-refit")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where the data lie now, if they have moved")
    ] = None,
) -> None:
    """Train members of a finished run once more, on all rows, and let them predict the test set.

    The run's out-of-fold score stays the only claim: a refit holds nothing out. The same command again continues.
    """
    from holdfast.cli.progress import Progress
    from holdfast.cli.record import record
    from holdfast.cli.scores import next_steps, score_lines
    from holdfast.study.refit import refit as refit_run

    with Progress() as progress:
        made = refit_run(run, None if members is None else members.split(","), output, data, progress)
    for line in ["", *score_lines(made.scores), "", *next_steps(made)]:
        typer.echo(line)
    record(made.path)
