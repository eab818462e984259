"""`holdfast train RECIPE`: all members over all folds, then the scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[
        Path, typer.Argument(help="recipe file, as `holdfast new` writes it", show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="run folder; by default runs/NAME of the recipe")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="override, as in fit.epochs=3; again for more"),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="where jobs run: inline, processes, ray, or auto: processes where that ends sooner"
        ),
    ] = "auto",
    address: Annotated[
        str | None,
        typer.Option(help="of a Ray cluster, HOST:PORT or auto; by default one of this machine's cores"),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="folds at a time, in processes; by default one a core")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="processor threads a job; by default the cores shared out among jobs"),
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option(min=1, help="GPUs that train one network; processes where there are none"),
    ] = None,
    watchdog: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="a worker process that hangs so long is ended, and its job goes again"
        ),
    ] = "10m",
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="as 15m: members that do not fit are shortened or left out, and it says so"
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE", help="an error of `holdfast check` that may stand, as HF102; again for more"
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="take the next free folder name, leave a run alone")
    ] = False,
) -> None:
    """Train a recipe's members over all folds and score them out-of-fold.

    Data and folds are checked first, predictions last: `holdfast check` says how. An error of data or folds ends it
    before it begins. The same command again continues a run that was stopped; finished folds are not trained again.
    """
    from holdfast.cli.progress import Progress
    from holdfast.cli.record import record
    from holdfast.cli.scores import next_steps, score_lines
    from holdfast.train import train as train_recipe

    named = {"budget": budget, "fit.devices": devices}
    overrides = [*(set_ or []), *(f"{key}={value}" for key, value in named.items() if value)]
    with Progress() as progress:
        run = train_recipe(
            recipe, output, overrides, engine, jobs, threads, fresh, progress, accept=accept or (), watchdog=watchdog,
            address=address,
        )  # fmt: skip
    for line in ["", *score_lines(run.scores), "", *next_steps(run)]:
        typer.echo(line)
    record(run.path)
