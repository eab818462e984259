"""`holdfast ablate RECIPE`: the recipe with one technique changed, against itself, on the same folds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.compare import HEAD, cells, rules

if TYPE_CHECKING:
    from holdfast.study.ablate_result import Ablation

Paths = list[str] | None


def ablate(
    recipe: Annotated[Path, typer.Argument(help="recipe file", show_default=False)],
    drop: Annotated[
        Paths,
        typer.Option(
            metavar="PATH", help="leave out, as augment.roll or conv.loss; A+B leaves out both together"
        ),
    ] = None,
    swap: Annotated[
        Paths,
        typer.Option(
            metavar="PATH=VALUE", help="put in its place, as loss=focal,soft_f1: a variant for each"
        ),
    ] = None,
    add: Annotated[Paths, typer.Option(metavar="PATH", help="put beside, as augment.jitter")] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="each technique of the recipe left out, one at a time")
    ] = False,
    member: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="this member alone; by default the ensemble is compared"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="folder of the run folders; by default runs/NAME-ablate"),
    ] = None,
    set_: Annotated[
        Paths, typer.Option("--set", metavar="PATH=VALUE", help="override for all, as in folds.repeats=3")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="folds that train at a time; by default as many as end soonest"),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="where folds train: inline, processes, ray, or auto, as --jobs says")
    ] = "auto",
    address: Annotated[
        str | None,
        typer.Option(help="of a Ray cluster, HOST:PORT or auto; by default one of this machine's cores"),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="processor threads a job; by default cores divided by jobs")
    ] = None,
    watchdog: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="a worker process that hangs so long is ended, and its job goes again"
        ),
    ] = "10m",
    rope: Annotated[
        float | None,
        typer.Option(
            min=0, help="a difference up to this counts as none; by default 0.1 of the score's interval"
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="as 40m, over all calls: stops where the next fold would not fit"),
    ] = None,
    accept: Annotated[
        Paths,
        typer.Option(metavar="CODE", help="an error of `holdfast check` that may stand; again for more"),
    ] = None,
    json_: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the results there as well")
    ] = None,
) -> None:
    """Train a recipe and variants of it on the same folds, and tell for each change: helps, hurts or can't tell.

    The same command again continues; with other changes it adds variants, and what is trained is not trained again.
    """
    from holdfast.cli.progress import Progress
    from holdfast.store.atomic import write_json
    from holdfast.study.ablate import ablate as run_ablation
    from holdfast.study.ablate_result import FILE

    dropped = [path for given in drop or () for path in given.split(",")]
    with Progress() as progress:
        found = run_ablation(
            recipe,
            dropped,
            swap or (),
            add or (),
            all_,
            member,
            output,
            set_,
            jobs,
            threads,
            rope,
            budget,
            progress,
            accept or (),
            watchdog,
            engine,
            address,
        )
    for line in ["", *lines_of(found)]:
        typer.echo(line)
    typer.echo(f"stored: {found.path / FILE}")
    if json_ is not None:
        write_json(json_, found.plain())
        typer.echo(f"wrote {json_}")


def lines_of(found: Ablation) -> list[str]:
    """The table, and how to read it."""
    from holdfast.cli.columns import columns

    better = "higher" if found.greater_is_better else "lower"
    rows = []
    for row in found.rows:
        told = cells(row.plain()) if row.found is not None else [""] * len(HEAD)
        rows.append([row.variant, f"{row.folds}/{found.of_folds}", *told, row.stopped])
    value = "" if found.value is None else f" {found.value:.4f}"
    return [
        f"the recipe: {found.metric}{value} ({better} is better), {found.folds} of {found.of_folds} folds;"
        " each change against it",
        *columns([["change", "folds", *HEAD, "stopped"], *rows], right=(1, 2, 4, 5, 6, 7, 9)),
        *rules(len(found.rows), found.rope, found.rope_how),
        "p is adjusted for the looks, too; a change that helps makes the recipe better, a drop that hurts was worth having",
        *(f"{row.variant}: {row.why}" for row in found.rows if row.why),
    ]
