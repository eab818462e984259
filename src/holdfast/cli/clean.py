"""`holdfast clean [RUNS]`: frees disk by what can be made again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from holdfast.engine.clean import Leftovers


def clean(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="run folders, or the folder that they lie in; by default runs", show_default=False
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="remove it, instead of only showing it")] = False,
) -> None:
    """Show what can be made again, or is no longer asked for, and how much disk it takes; --yes removes it.

    Models, predictions, scores and everything that a stopped run goes on from stay. A run at work is left alone.
    """
    from holdfast.engine.clean import leftovers

    usual = Path("runs")
    found = leftovers(runs or ([usual] if usual.is_dir() else []))
    for line in lines_of(found):
        typer.echo(line)
    if not found.sizes():
        return
    if yes:
        found.remove()
        typer.echo("removed")
    else:
        typer.echo("nothing was removed; add --yes to do it")


def lines_of(found: Leftovers) -> list[str]:
    """A row for each kind of thing: what, how many, how much, and what makes it again."""
    from holdfast.cli.columns import columns
    from holdfast.data.cache import cache_folder
    from holdfast.engine.clean import AGAIN, CACHE

    sizes = found.sizes()
    lines = [f"at work, left alone: {path}" for path in found.at_work]
    lines += ["the cache is left alone too while a run is at work"] if found.at_work else []
    if not sizes:
        return [*lines, "nothing to free"]
    rows = [["what", "files", "size", "made again by"]]
    rows += [
        [what, str(len(found.there[what])), megabytes(size), AGAIN[what]] for what, size in sizes.items()
    ]
    where = (
        [f"{CACHE}: in {cache_folder()}, of all data that were read on this machine"]
        if CACHE in sizes
        else []
    )
    return [*lines, *columns(rows, right=(1, 2)), *where, f"{megabytes(sum(sizes.values()))} in all"]


def megabytes(size: int) -> str:
    """
    >>> megabytes(1_234_567), megabytes(2_500_000_000)
    ('1.2 MB', '2,500.0 MB')
    """
    return f"{size / 1e6:,.1f} MB"
