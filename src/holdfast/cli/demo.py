"""`holdfast demo`: the whole way once, on real data, with the commands that do it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from holdfast.store.run import Run


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="folder to write to")] = Path("demo"),
) -> None:
    """From smart-watch data to a checked submission: new, train, submit, as you would type them.

    The data are BasicMotions (40 windows to learn from, 40 to predict), carried by the aeon package. Again
    in the same folder, the demo continues where it stopped.
    """
    from holdfast.cli.new import new
    from holdfast.cli.submit import submit
    from holdfast.cli.train import train
    from holdfast.plan.demo_data import write_basic_motions
    from holdfast.store.run import Run

    data, recipe, run, submission = (
        output / "basic-motions",
        output / "recipe.yaml",
        output / "run",
        output / "submission.csv",
    )
    typer.echo(f"{data}: BasicMotions, four students with a smart watch, 10 s windows of 6 channels")
    write_basic_motions(data)
    if recipe.is_file():
        typer.echo(f"{recipe}: there already, kept")
    else:
        typer.echo(f"\n$ holdfast new {data} --metric accuracy -o {recipe}")
        new(data, output=recipe, metric="accuracy")
    typer.echo(f"\n$ holdfast train {recipe} -o {run}")
    train(recipe, run)
    typer.echo(f"\n$ holdfast submit {run} -o {submission} --force")
    submit(run, submission, force=True)
    for line in summary(Run(run), recipe, submission):
        typer.echo(line)


def summary(run: Run, recipe: Path, submission: Path) -> list[str]:
    """What the demo got, and what to type next."""
    metric = run.scores["metric"]
    score, floor = run.scores["members"]["ensemble"][metric], run.scores["floor"][metric]
    return [
        "",
        f"out-of-fold {metric} {score['value']:.3f}, 95 % interval [{score['low']:.3f}, {score['high']:.3f}];"
        f" a constant gets {floor['value']:.3f}",
        "no groups are known here: which student recorded which window is not in the data, so the folds take every",
        "window as independent, and a student who is new to the models may get less than this score says",
        f"submission: {submission}",
        f"next: holdfast show {run.path}",
        f"      read {recipe}, change it, and train again: holdfast train {recipe} -o {run.path}-2",
        "      your own data: holdfast new FOLDER -o recipe.yaml",
    ]
