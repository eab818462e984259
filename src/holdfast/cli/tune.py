"""`holdfast tune RECIPE`: tries the searches of a recipe, and scores the best on fresh folds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.progress import finding

if TYPE_CHECKING:
    from holdfast.study.tune import Tuned


def tune(
    recipe: Annotated[
        Path,
        typer.Argument(
            help="recipe with searches, as lr: {search: {log: [1.0e-4, 1.0e-2]}}", show_default=False
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="folder of the study; by default runs/NAME-tune")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="override, as in fit.epochs=3; again for more"),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, help="how many the study shall have, earlier ones counted")
    ] = 20,
    timeout: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="as 30m: no trial begins after it; finalists come on top"),
    ] = None,
    sampler: Annotated[str, typer.Option(help="tpe, cmaes, random or grid")] = "tpe",
    pruner: Annotated[
        str, typer.Option(help="wilcoxon (across folds), median or hyperband (by epochs), or none")
    ] = "wilcoxon",
    storage: Annotated[
        str | None,
        typer.Option(
            help="sqlite:///FILE, a journal file, or a PostgreSQL URL; by default study.db in the folder"
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="trials at a time, each in a process")] = 1,
    finalists: Annotated[
        int, typer.Option(min=0, help="the best trials, scored again on fresh folds before one wins")
    ] = 3,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="processor threads a trial; by default the cores shared out among jobs"),
    ] = None,
    watchdog: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="one of several jobs that hangs so long is ended; its trial goes again"
        ),
    ] = "10m",
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="an error of `holdfast check` that may stand; again for more"),
    ] = None,
) -> None:
    """Try the searches of a recipe, score the best again on fresh folds, and write the winner's recipe.

    The same command again continues a study that was stopped, and several processes may work on one.
    """
    from holdfast.study.tune import tune as tune_recipe

    found = tune_recipe(
        recipe, output, set_, trials, timeout, sampler, pruner, storage, jobs, finalists, threads, _show, accept or (),
        watchdog,
    )  # fmt: skip
    for line in lines_of(found):
        typer.echo(line)


def _show(event: dict[str, Any]) -> None:
    if event["event"] == "trial":
        said = {"complete": f"{event['value']:.4f}" if event["value"] is not None else "", "fail": "failed"}
        best = "" if event["best"] is None else f"  (best {event['best']:.4f}, trial {event['best_number']})"
        text = f"trial {event['number']}: {said.get(event['state'], event['state'])}{best}  {in_words(event['params'])}"
        typer.echo(text + (f"\n  {event['error']}" if event["error"] else ""))
    elif event["event"] == "finding":
        typer.echo(finding(event))
    elif event["event"] == "note":
        typer.echo(f"note: {event['note']}")
    elif event["event"] == "finalist":
        typer.echo(f"trial {event['number']} again, as a finalist: {event['after']['value']:.4f}")


def in_words(params: dict[str, Any]) -> str:
    """
    >>> in_words({"fit.lr": 0.00123456, "model": "svc"})
    'fit.lr=0.001235 model=svc'
    """
    return " ".join(
        f"{path}={value:.4g}" if isinstance(value, float) else f"{path}={value}"
        for path, value in params.items()
    )


def lines_of(found: Tuned) -> list[str]:
    """The trials counted, the finalists before and after, and what was written."""
    from holdfast.cli.columns import columns
    from holdfast.study.tune_finalists import FRESH

    counted = ", ".join(f"{count} {name}" for name, count in found.counts.items() if count)
    lines = ["", f"{found.folder}: {counted or 'no trial'}"]
    if found.finalists:
        head = ["trial", f"{found.metric} in the search", f"on {found.again}", "95 % interval", "values"]
        rows = [
            [
                str(one.number), f"{one.before:.4f}", f"{one.after['value']:.4f}",
                f"[{one.after['low']:.4f}, {one.after['high']:.4f}]", in_words(one.params),
            ]
            for one in found.finalists
        ]  # fmt: skip
        lines += columns([head, *rows], right=(0, 1, 2))
        winner = found.finalists[0]
        lines += [
            f"winner: trial {winner.number}; the search claimed {winner.before:.4f}, {found.again} say"
            f" {winner.after['value']:.4f}"
        ]
        if found.again != FRESH:
            lines += [
                "no other folds can be drawn: they are the search's, and their luck stays in this figure"
            ]
    if found.counts["at work"]:
        lines += ["other processes are still at work; the last one scores the finalists"]
    elif found.recipe is None:
        lines += ["no trial was scored, so there is no winner"]
    if found.recipe is not None:
        lines += [f"wrote {found.recipe}", f"next: holdfast train {found.recipe}"]
    return lines
