"""A run taken up by the ledger at the end of a command, which never fails by it."""

from __future__ import annotations

from pathlib import Path

import typer


def record(run: Path) -> None:
    """Take up what a run folder says; one line of warning where the ledger cannot be reached."""
    from holdfast.store.ledger.opening import open_ledger
    from holdfast.store.ledger.where import runs_folder_of

    try:
        with open_ledger(None, runs_folder_of(run)) as ledger:
            ledger.index(run)
    except Exception as error:  # whatever it is, the run is finished, and its files are the truth
        said = str(error).split("\n")[0]
        typer.echo(f"warning: {said}; the run is whole, `holdfast ledger rebuild` takes it up", err=True)
