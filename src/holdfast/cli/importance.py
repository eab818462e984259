"""`holdfast importance RUN…`: which clusters of columns a run relies on, and how sure that list is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from holdfast.study.importance_result import Importance

SHOWN = 3  # column names of a cluster


def importance(
    runs: Annotated[
        list[Path], typer.Argument(help="finished run folders, on the same data", show_default=False)
    ],
    top: Annotated[int, typer.Option(min=1, help="clusters that count as the first")] = 10,
    repeats: Annotated[int, typer.Option(min=1, help="permutations of each cluster in each fold")] = 5,
    member: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="this member only; again for more; by default all that see a table"
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0.01, max=1, help="mean |r| from which columns are one cluster")
    ] = 0.9,
    rows: Annotated[int, typer.Option(min=2, help="most held-out rows of a fold that are permuted")] = 500,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where the data lie now, if they have moved")
    ] = None,
    json_: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the lists there as well")
    ] = None,
) -> None:
    """Permute clusters of correlated columns in held-out rows and show what the score loses.

    The list is stored in the run folder. Several runs are counted by the clusters of the first, and compared.
    """
    from holdfast.store.atomic import write_json
    from holdfast.study.importance import importance as measure
    from holdfast.study.importance_result import compare, stem

    found: list[Importance] = []
    for run in runs:
        with progress() as report:
            like = found[0] if found else None
            found.append(measure(run, member, repeats, top, threshold, rows, data, like, report))
        for line in [*lines_of(found[-1]), f"stored: {run / stem(member)}.json", ""]:
            typer.echo(line)
    compared = [compare(one, other) for one, other in combinations(found, 2)]
    for pair in compared:
        typer.echo(compared_line(pair))
    if json_ is not None:
        write_json(json_, {"runs": [one.plain() for one in found], "compared": compared})
        typer.echo(f"wrote {json_}")


@contextmanager
def progress(study: str = "importance") -> Iterator[Any]:
    """What `report` of a study calls: a bar on a terminal, a line a fold elsewhere."""
    if not sys.stdout.isatty():
        yield lambda event: print(f"[{event['done']}/{event['jobs']}] {event['job']}", flush=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), transient=True,
        console=Console(),  # of its own: rich's common one may be held by another display
    )  # fmt: skip
    with bar:
        task = bar.add_task(study, total=None)
        yield lambda event: bar.update(
            task, completed=event["done"], total=event["jobs"], description=event["job"]
        )


def lines_of(found: Importance) -> list[str]:
    """The first clusters, the agreement of folds and the stable set."""
    from holdfast.cli.columns import columns
    from holdfast.select.importance import LEVEL

    listed = found.plain()
    shown = [row for row in listed["clusters"] if row["rank"] <= found.top or row["stable"]]
    head = [
        "",
        "cluster",
        "columns",
        f"drop of {found.metric}",
        f"rank, {LEVEL:.0%} of folds",
        f"in first {found.top}",
        "",
    ]
    table = [
        [
            str(row["rank"]), first_names(row["columns"]), str(len(row["columns"])), f"{row['drop']:.4f}",
            f"{row['rank_low']:g} to {row['rank_high']:g}", f"{row['share_in_top']:.0%} of folds",
            "stable" if row["stable"] else "",
        ]
        for row in shown
    ]  # fmt: skip
    more = len(found.clusters) - len(shown)
    return [
        "",
        f"{found.run}: {', '.join(found.members)}; {listed['folds']} folds, {listed['permutations']} permutations,"
        f" up to {found.rows:,} held-out rows a fold",
        *(f"left out: {name}, {why}" for name, why in found.left_out.items()),
        *columns([head, *table], right=(0, 2, 3)),
        *([f"… and {more} more clusters"] if more else []),
        agreement_line(listed),
        stable_line(found),
    ]


def first_names(names: list[str]) -> str:
    """
    >>> first_names(["a", "b", "c", "d"]), first_names(["a"])
    ('a, b, c, …', 'a')
    """
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def agreement_line(listed: dict[str, Any]) -> str:
    if listed["agreement"] is None:
        return "agreement of folds: unknown, it takes two folds or more that differ"
    return f"agreement of folds over all {len(listed['clusters'])} clusters: Kendall's tau-b {listed['agreement']:.2f}"


def stable_line(found: Importance) -> str:
    from holdfast.select.importance import SHARE

    rule = f"among the first {found.top}, with a drop above noise, in at least {SHARE:.0%} of folds"
    held = found.stable
    if not len(held):
        return f"stable: none; no cluster is {rule}"
    size = sum(len(found.clusters[c]) for c in held)
    return f"stable: {len(held)} of {len(found.clusters)} clusters ({size} columns), {rule}"


def compared_line(pair: dict[str, Any]) -> str:
    tau = "unknown" if pair["tau"] is None else f"{pair['tau']:.2f}"
    one, other = pair["runs"]
    return (
        f"{one} and {other}: {pair['shared']} of the first {pair['of']} clusters in both; {pair['stable_shared']} of"
        f" {pair['stable'][0]} and {pair['stable'][1]} stable ones in both; Kendall's tau-b {tau}"
    )
