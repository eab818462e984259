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
    send: Annotated[
        str | None, typer.Option(metavar="kaggle", help="send the file there, within the day's budget")
    ] = None,
    competition: Annotated[
        str | None, typer.Option(metavar="NAME", help="of --send: as its address has it")
    ] = None,
    message: Annotated[
        str | None, typer.Option(help="of --send: a word about it; by default run and score")
    ] = None,
) -> None:
    """Write the test predictions in the form of the sample file, and check the file against it.

    `--send kaggle` sends it through Kaggle's own program and records it, as `holdfast submissions add` would.
    """
    from holdfast.data.files import columns_of
    from holdfast.metrics.intervals import Score
    from holdfast.store.run import Run
    from holdfast.submit.form import sample_of
    from holdfast.submit.write import write_submission

    made = Run(run)
    if send is not None or competition is not None or message is not None:
        ready_to_send(run, send, competition)
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
    if competition is not None:
        send_file(run, output, competition, message or f"{made.path.name}: {metric} {score.value:.4f}")


def ready_to_send(run: Path, send: str | None, competition: str | None) -> None:
    """Raises BadInput where it cannot be sent, or where today has none left: before anything is written."""
    from holdfast.cli.submissions import account, opened
    from holdfast.errors import BadInput
    from holdfast.store.ledger.contest import refuse_over
    from holdfast.store.ledger.where import runs_folder_of
    from holdfast.submit.kaggle import PROGRAM, program

    if send != PROGRAM:
        raise BadInput(f"--send: expected {PROGRAM}, got {send!r}")
    if competition is None:
        raise BadInput("--send: name the competition, as --competition titanic")
    program()
    with opened(runs_folder_of(run)) as ledger:
        refuse_over(ledger.budget(account()))


def send_file(run: Path, file: Path, competition: str, message: str) -> None:
    """Count a submission, send it, and take it back where it was not sent. Raises BadInput, JobFailed."""
    from holdfast.cli.submissions import account, added_lines, opened
    from holdfast.errors import JobFailed
    from holdfast.store.ledger.where import runs_folder_of
    from holdfast.submit.kaggle import PROGRAM, Sent, send

    with opened(runs_folder_of(run)) as ledger:
        added = ledger.add_submission(run, file, account(), note=message, competition=competition)
        key = added.row["id"]
        ended, said = send(competition, file, message)
        if ended is not Sent.UNKNOWN:
            ledger.settle_submission(key, sent=ended is Sent.YES)
    if ended is Sent.NO:
        raise JobFailed(f"{PROGRAM} did not send {file}: {said}; it does not count against the day")
    for line in [f"{PROGRAM}: {said}", *added_lines(added)]:
        typer.echo(line)
    if ended is Sent.UNKNOWN:
        typer.echo(
            f"warning: {PROGRAM} does not say that it was submitted; {key} counts until you know:"
            f" {PROGRAM} competitions submissions -c {competition}", err=True,
        )  # fmt: skip
