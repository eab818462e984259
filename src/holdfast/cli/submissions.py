"""`holdfast submissions add|list|score|budget`: what was submitted, what it scored, and what a day has left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from holdfast.store.ledger.booking import Added
    from holdfast.store.ledger.contest import Budget
    from holdfast.store.ledger.ledger import Ledger
    from holdfast.submit.leaderboard import Change

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Submissions of a contest: docs/ledger.md"
)
Runs = Annotated[Path, typer.Option("--runs", metavar="FOLDER", help="the folder that holds the run folders")]
Limit = Annotated[
    str | None,
    typer.Option("--limit", metavar="N/day", help="so many a day, as 5/day; it holds until another is said"),
]
Team = Annotated[bool, typer.Option("--team", help="the limit is the whole team's, not each person's")]
Clock = Annotated[
    str | None,
    typer.Option("--clock", metavar="ZONE", help="whose midnight begins the day, as Asia/Seoul; default UTC"),
]
Who = Annotated[str | None, typer.Option(help="who submits; by default the name of this account")]
RUNS = Path("runs")


@app.callback()
def submissions() -> None: ...


@app.command(short_help="Record a submission; refused where its day has none left.")
def add(
    run: Annotated[Path, typer.Argument(help="run folder whose predictions they are", show_default=False)],
    file: Annotated[Path, typer.Argument(help="the file that is submitted", show_default=False)],
    who: Who = None,
    when: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="as 2026-11-21T19:12, by the contest's clock; by default now"),
    ] = None,
    note: Annotated[str, typer.Option(help="a word about it")] = "",
    limit: Limit = None,
    team: Team = False,
    clock: Clock = None,
) -> None:
    """Record that a file is submitted: whose it is, when, of which run, and the file's hash."""
    from holdfast.store.ledger.moments import clock_of, moment_of
    from holdfast.store.ledger.where import runs_folder_of

    with opened(runs_folder_of(run)) as ledger:
        remember(ledger, limit, team, clock)
        held = ledger.limit()
        zone = clock_of("UTC" if held is None else held.clock)
        moment = None if when is None else moment_of(when, zone)
        added = ledger.add_submission(run, file, who or account(), moment, note)
    for line in added_lines(added):
        typer.echo(line)


@app.command("list", short_help="Show all submissions with their scores.")
def list_(
    run: Annotated[Path | None, typer.Argument(help="of this run alone", show_default=False)] = None,
    runs: Runs = RUNS,
) -> None:
    """Show submissions in the order of their times, and how far leaderboard and cross-validation agree."""
    from holdfast.cli.columns import columns
    from holdfast.store.ledger.where import runs_folder_of

    with opened(runs if run is None else runs_folder_of(run)) as ledger:
        rows = ledger.submissions(None if run is None else ledger.path_of(run))
    if not rows:
        typer.echo("no submissions; `holdfast submissions add RUN FILE` records one")
        return
    head = ["id", "time (UTC)", "who", "run", "file", "state", "CV", "public", "private", "note"]
    for line in columns([head, *(_cells(row) for row in rows)], right=(6, 7, 8)):
        typer.echo(line)
    if run is None:
        for line in agreement_lines(rows):
            typer.echo(line)


def _cells(row: dict[str, Any]) -> list[str]:
    figures = ["" if row[name] is None else f"{row[name]:.4f}" for name in ("value", "public", "private")]
    told = [row["id"], row["made"][:16].replace("T", " "), row["who"], row["path"], row["file"], row["state"]]
    return [*told, *figures, row["note"]]


@app.command(
    short_help="Type in what the leaderboard says of a submission.",
    context_settings={"ignore_unknown_options": True},  # a score may begin with a minus
)
def score(
    key: Annotated[
        str, typer.Argument(metavar="ID", help="its id, or the beginning of it", show_default=False)
    ],
    value: Annotated[float, typer.Argument(help="the score", show_default=False)],
    private: Annotated[
        bool, typer.Option("--private", help="of the private leaderboard, not the public one")
    ] = False,
    runs: Runs = RUNS,
) -> None:
    """Keep a leaderboard score, and say whether its gain over the last is more than noise."""
    from holdfast.submit.leaderboard import change_of

    with opened(runs) as ledger:
        row = ledger.score_submission(key, value, private)
        rows, compared = ledger.submissions(), ledger.comparisons()
    board = "private" if private else "public"
    cv = "" if row["value"] is None else f"; out of fold {row['metric']} {row['value']:.4f}"
    typer.echo(f"{row['id']}, run {row['path']}: {board} score {value:g}{cv}")
    if not private:
        change = change_of(row["id"], rows, compared)
        for line in [*([] if change is None else change_lines(change)), *agreement_lines(rows)]:
            typer.echo(line)


@app.command(short_help="Show how many submissions are left today.")
def budget(
    runs: Runs = RUNS,
    who: Who = None,
    limit: Limit = None,
    team: Team = False,
    clock: Clock = None,
) -> None:
    """Show how many submissions today has and has left, by the contest's clock, and when the next day begins."""
    with opened(runs) as ledger:
        remember(ledger, limit, team, clock)
        typer.echo(budget_line(ledger.budget(who or account())))


def opened(runs: Path) -> Ledger:
    """The ledger of a runs folder, with what its files say now. Raises BadInput where there is no such folder."""
    from holdfast.errors import BadInput
    from holdfast.store.ledger.opening import open_ledger

    if not runs.is_dir():
        raise BadInput(f"--runs: there is no folder {runs}; name the one that holds the run folders")
    ledger = open_ledger(None, runs)
    for path, why in ledger.refresh().damaged:
        typer.echo(f"warning: {runs / path} is damaged: {why}", err=True)
    return ledger


def account() -> str:
    """The name of who is logged in."""
    import getpass

    return getpass.getuser()


def remember(ledger: Ledger, limit: str | None, team: bool, clock: str | None) -> None:
    """Keep a limit that is said; it holds until another is. Raises BadInput."""
    from holdfast.errors import BadInput
    from holdfast.store.ledger.contest import USUAL_CLOCK, per_day_of

    if limit is not None:
        ledger.set_limit(per_day_of(limit), team, clock or USUAL_CLOCK)
    elif team or clock is not None:
        raise BadInput("--team and --clock go with a limit, as --limit 5/day --team --clock Asia/Seoul")


def added_lines(added: Added) -> list[str]:
    """What was recorded, how much of the day is left, and a warning where the same file was submitted before."""
    row = added.row
    lines = [f"recorded {row['id']}: {row['file']} of run {row['path']}, by {row['who']}"]
    if added.same:
        lines.append(f"warning: the same file was submitted before: {', '.join(added.same)}")
    return [*lines, budget_line(added.budget)]


def budget_line(budget: Budget) -> str:
    day = f"{budget.begins:%Y-%m-%d}"
    if budget.per_day is None:
        return f"{budget.used} submitted on {day} ({budget.clock}); no limit was said, as by --limit 5/day --team"
    whose = "of the team" if budget.team else f"of {budget.who}"
    return (
        f"{budget.used} of {budget.per_day} {whose} used on {day} ({budget.clock}), {budget.left} left; the next day"
        f" begins at {budget.ends:%Y-%m-%d %H:%M %Z}"
    )


def change_lines(change: Change) -> list[str]:
    """How a score differs from the last one, and what that is worth."""
    better = (change.leaderboard > 0) == change.greater_is_better
    word = "no change" if change.leaderboard == 0 else f"{'better' if better else 'worse'}"
    how = "of their paired difference" if change.paired else "of this run's own score"
    lines = [f"against {change.last}, the last: {change.leaderboard:+.4g} ({word}); CV {change.cv:+.4g}"]
    if change.within_noise:
        more = (
            ""
            if change.paired
            else "; `holdfast compare` of both runs tells the paired one, as a rule narrower"
        )
        lines.append(
            f"warning: that is within the noise of CV, ±{change.noise:.4g} (half the 95 % interval {how}{more}):"
            " it does not tell which of the two is better"
        )
    if change.parted:
        lines.append(
            f"ALARM: CV and leaderboard go opposite ways, both by more than the noise ±{change.noise:.4g}:"
            " look for a leak, a shift, or other folds than the test set's"
        )
    return lines


def agreement_lines(rows: list[dict[str, Any]]) -> list[str]:
    """How far CV ranks runs as the leaderboard does."""
    from holdfast.submit.leaderboard import AGREE, NEEDED, agreement

    found = agreement(rows)
    if found.value is None:
        if found.runs < NEEDED:
            return [
                f"CV and leaderboard: {found.runs} scored runs; {NEEDED} or more tell whether they rank alike"
            ]
        return ["CV and leaderboard: all scores are equal, which ranks nothing"]
    line = (
        f"CV and leaderboard rank {found.runs} runs alike: Spearman {found.value:.2f}"
        f" [{found.low:.2f}, {found.high:.2f}]"
    )
    if not found.parted:
        return [line]
    return [
        line,
        f"ALARM: they part, the whole interval lies below {AGREE:g}: do not choose by CV until you know why",
    ]
