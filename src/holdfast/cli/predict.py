"""`holdfast predict RUN DATA`: what a finished run says of new samples."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def predict(
    run: Annotated[
        Path, typer.Argument(help="finished run, its refit, or an unpacked pack", show_default=False)
    ],
    data: Annotated[
        Path,
        typer.Argument(help="new samples, in the form of the run's test or train file", show_default=False),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="file to write: .csv, .csv.gz, .parquet or .npy")
    ] = Path("predictions.csv"),
    member: Annotated[str, typer.Option(help="whose predictions: ensemble, or one member's")] = "ensemble",
    ids: Annotated[
        Path | None, typer.Option(metavar="FILE", help="of an array: the table that names its rows")
    ] = None,
    base: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="where an old run's own data lie now")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite the file")] = False,
) -> None:
    """Write ids and predictions of new samples: probabilities of the classes by name, values, or grids.

    Samples are read and written piece by piece, so that there may be any number. Models of a run that you do not
    trust run code when they are loaded, but for an unpacked pack's.
    """
    from holdfast.study.predict import predict as write

    def report(event: dict[str, Any]) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\r{event['samples']:,} samples ", nl=False, err=True)

    count = write(run, data, output, member, ids, force, base, report)
    typer.echo(f"wrote {output}: {count:,} samples by {member} of {run}")
