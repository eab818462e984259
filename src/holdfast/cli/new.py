"""`holdfast new FOLDER`: a commented recipe for the data of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    folder: Annotated[
        Path, typer.Argument(help="folder with the files of a competition", show_default=False)
    ],
    preset: Annotated[str, typer.Option(help="which members: fast or strong")] = "fast",
    output: Annotated[Path, typer.Option("--output", "-o", help="file to write")] = Path("recipe.yaml"),
    metric: Annotated[str | None, typer.Option(help="score, as `holdfast list metric` names it")] = None,
    target: Annotated[str | None, typer.Option(help="column to predict")] = None,
    group: Annotated[str | None, typer.Option(help="column that folds keep whole, or none")] = None,
    id: Annotated[str | None, typer.Option(help="column that names a sample, or none")] = None,
    time: Annotated[str | None, typer.Option(help="column of time in a long table, or none")] = None,
    order: Annotated[str | None, typer.Option(help="column of time or sequence, for folds by blocks")] = None,
    kind: Annotated[str | None, typer.Option(help="kind of data: table, windows, images or frames")] = None,
    folds: Annotated[str | None, typer.Option(help="splitter, as `holdfast list folds` names it")] = None,
    k: Annotated[int | None, typer.Option(help="number of folds")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="time that training may take, as 15m")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="of frames: what one stands for, as '0.01 mm/h' or '0.5 dBZ - 32'")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite the file")] = False,
) -> None:
    """Look at a folder and write a recipe that says what was guessed, and why.

    Options answer beforehand; what cannot be guessed safely is left as a question.
    """
    from holdfast.plan.answers import Answers
    from holdfast.plan.new import new as write_new

    answers = Answers(metric, target, group, id, time, order, kind, folds, k, budget, unit)
    _, lines = write_new(folder, preset, output, answers, force)
    for line in lines:
        typer.echo(line)
    typer.echo(f"wrote {output}, with the reasons")
    if "to answer before" in "".join(lines):
        typer.echo(f'next: answer what stands after "?" in {output}, then holdfast train {output}')
    else:
        typer.echo(f"next: holdfast train {output}")
