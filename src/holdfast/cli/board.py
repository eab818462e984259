"""`holdfast board [RUNS]`: runs, their scores and submissions as pages of a local web server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def board(
    runs: Annotated[Path, typer.Argument(help="folder of run folders")] = Path("runs"),
    host: Annotated[
        str, typer.Option(help="address to answer on; any but this machine's own needs a token")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="HOLDFAST_BOARD_TOKEN",
            help="what a browser must bring once, as ?token=…",
            show_default=False,
        ),
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL", help="the ledger; by default that of the runs folder", show_default=False
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="where samples may be read from, besides the folder that RUNS lies in",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show runs in a browser: a leaderboard, live runs, comparisons, samples, submissions. Ctrl-C ends it."""
    from holdfast.board.settings import Settings

    settings = Settings(runs, host, port, token, ledger, data)
    try:
        from holdfast.board.serve import serve
    except ModuleNotFoundError as error:
        from holdfast.errors import BadInput

        raise BadInput(
            f"the board needs {error.name}, which is not installed; install it in Holdfast's folder:"
            ' pip install -c constraints.txt -e ".[board]"'
        ) from None
    serve(settings, lambda: typer.echo(f"holdfast board of {runs}: {settings.address} (Ctrl-C ends it)"))
