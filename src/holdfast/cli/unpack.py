"""`holdfast unpack FILE`: a pack, checked, as a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def unpack(
    file: Annotated[Path, typer.Argument(help="archive that `holdfast pack` made", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="folder to make; by default the pack's name")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="take its pickles and components too: they can run anything")
    ] = False,
) -> None:
    """Check every name, size and hash of a pack, and unpack it; nothing is written where anything is wrong.

    Without --trust nothing in the folder is ever run: models are read as data alone.
    """
    from holdfast.pack.unpack import unpack as take_apart

    out = file.with_suffix("") if output is None else output
    made = take_apart(file, out, trust)
    typer.echo(
        f"unpacked {len(made.files)} files into {out}, each as it was packed by holdfast {made.holdfast}"
    )
    typer.echo(f"next: holdfast predict {out} DATA -o predictions.csv")
