"""`holdfast pack RUN`: one archive to predict with and to train again elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pack(
    run: Annotated[Path, typer.Argument(help="finished run folder, or a refit", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="archive to write; by default NAME.zip")
    ] = None,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="add the wheels of all packages, for a machine without a network"),
    ] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where an old run's own data lie now")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite the archive")] = False,
) -> None:
    """Pack recipe, folds, predictions, scores, models, versions and this package; not the data, but their hashes.

    Models are packed as data, not as pickles, where they can be read back so; the others are named. The archive's
    README says the three commands that install, unpack and predict.
    """
    from holdfast.pack.write import pack as write

    made = write(run, output, offline, force, data, typer.echo)
    typer.echo(
        f"wrote {made}: {made.stat().st_size / 1e6:,.1f} MB; elsewhere: holdfast unpack {made.name} -o FOLDER"
    )
