"""`holdfast ledger rebuild`: the ledger anew from the files of the run folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="The ledger of runs: docs/ledger.md",
)


@app.callback()
def ledger() -> None: ...


@app.command(short_help="Make the ledger anew from the run folders.")
def rebuild(
    runs: Annotated[Path, typer.Argument(help="the folder that holds the run folders")] = Path("runs"),
) -> None:
    """Make the ledger anew from the files of all run folders, nested ones too.

    The ledger is what HOLDFAST_LEDGER names (a file, or a URL of PostgreSQL), else RUNS/ledger.db. In a team's ledger,
    what other runs folders told stays as it is.
    """
    from holdfast.errors import BadInput
    from holdfast.store.ledger.opening import open_ledger

    if not runs.is_dir():
        raise BadInput(f"{runs}: there is no such folder; name the one that holds the run folders")
    with open_ledger(None, runs) as there:
        told = there.rebuild()
        for path, why in told.damaged:
            typer.echo(f"warning: {runs / path} is damaged: {why}", err=True)
        gone = f", {told.gone} gone" if told.gone else ""
        typer.echo(f"{there.where}: {told.read} run folders of {runs}{gone}")
