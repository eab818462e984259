"""`holdfast submit RUN`: a submission file that follows the sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def submit(
    run: Annotated[Path, typer.Argument(help="run folder that `holdfast train` made", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="file to write: .csv or .csv.gz")] = Path(
        "submission.csv"
    ),
    member: Annotated[str, typer.Option(help="whose predictions: ensemble, or one member's")] = "ensemble",
    force: Annotated[bool, typer.Option("--force", help="overwrite the file")] = False,
) -> None:
    """Write the test predictions in the form of the sample file, and check the file against it."""
    from holdfast.data.files import columns_of
    from holdfast.metrics.intervals import Score
    from holdfast.store.run import Run
    from holdfast.submit.form import sample_of
    from holdfast.submit.write import write_submission

    made = Run(run)
    frame = write_submission(made, output, force, member)
    form = "as the sample has them" if sample_of(made) else "in a plain form: the recipe names no data.sample"
    metric = made.scores["metric"]
    score = Score(**made.scores["members"][member][metric])
    typer.echo(
        f"wrote {output}: {len(frame):,} rows and {len(columns_of(output)):,} columns, {form}; read back and checked"
    )
    of = (
        f" of {made.scores['refit']['run']}; refitted on all rows, none was held out"
        if "refit" in made.scores
        else ""
    )
    typer.echo(f"{member}: out-of-fold {metric} {score}, {score.how}{of}")
