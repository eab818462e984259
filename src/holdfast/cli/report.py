"""`holdfast report RUN…`: one HTML file about a run, or about several compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="a finished run folder, or an ablation's; several are compared with the first",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="by default report.html in the run folder"),
    ] = None,
    ablation: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="of `holdfast ablate`, for what helped")
    ] = None,
    samples: Annotated[
        bool, typer.Option("--samples/--no-samples", help="show the worst mistakes, or no sample")
    ] = True,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where the data lie now, if they have moved")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="overwrite a file that is no report of this run")
    ] = False,
) -> None:
    """Write a report that opens offline: the score and whether to trust it, where it fails, how it learned, what helped.

    One file, to mail or to keep; it asks nothing of the network.
    """
    from holdfast.cli.importance import progress
    from holdfast.report.report import report as write

    with progress("report") as told:
        made = write(runs, output, ablation, samples, data, force, told)
    if made.unread:
        typer.echo(f"note: samples are not shown: {made.unread}")
    typer.echo(f"wrote {made.path} ({made.path.stat().st_size / 2**20:.1f} MiB)")
