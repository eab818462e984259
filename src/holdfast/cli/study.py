"""`holdfast study habits RECIPE`: what common habits would have claimed, beside the honest figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from holdfast.study.habits_table import Table

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure what is not to be done.")


@app.callback()
def study() -> None: ...


@app.command(short_help="What common habits would have claimed on these data.")
def habits(
    recipe: Annotated[Path, typer.Argument(help="recipe file", show_default=False)],
    only: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="some of the habits, as random_folds,watch_scored_fold"),
    ] = None,
    member: Annotated[
        str | None, typer.Option(metavar="NAME", help="this member's figure; by default the ensemble's")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="folder; by default runs/NAME-habits")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="override, as in fit.epochs=3")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="folds at a time; by default more than one where that ends sooner"),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="processor threads a job; by default the cores shared out among jobs"),
    ] = None,
) -> None:
    """Train a recipe with each common habit, and show what it would have claimed beside the honest figure.

    The same command again continues. An ordinary run of the recipe, runs/NAME, is taken where it is finished.
    """
    from holdfast.cli.progress import Progress
    from holdfast.study.habits_table import FILE, NAMES, study_habits

    names = NAMES if only is None else tuple(only.split(","))
    with Progress() as progress:
        table = study_habits(recipe, names, member, output, set_, threads, jobs, progress)
    for line in ["", *lines_of(table), f"stored: {table.path / FILE}"]:
        typer.echo(line)


def lines_of(table: Table) -> list[str]:
    """The table, and how to read it."""
    from holdfast.cli.columns import columns

    rows = [["habit", "claims", "honest", "95 % interval", "difference", "acts on"]]
    for row in table.rows:
        honest = [f"{row.honest.value:.4f}", f"[{row.honest.low:.4f}, {row.honest.high:.4f}]"]
        if row.claims is None:
            rows.append([row.habit, "-", *honest, "-", row.note])
        else:
            difference = f"{row.claims - row.honest.value:+.4f}"
            rows.append([row.habit, f"{row.claims:.4f}", *honest, difference, ", ".join(row.acts_on)])
    better = "higher" if table.greater_is_better else "lower"
    of = f"ensemble of {', '.join(table.members)}" if table.who == "ensemble" else table.who
    return [
        f"what habits would claim, {table.metric} ({better} is better), {of}; claims are no scores",
        *columns(rows, right=(1, 2, 4)),
        *(f"{row.habit}: {row.says.split(': ', 1)[1]}" for row in table.rows if row.claims is not None),
        *(row.note for row in table.rows if row.claims is not None and row.note),
        f"honest: the out-of-fold score of {table.run}; difference: the claim less the honest figure",
    ]
