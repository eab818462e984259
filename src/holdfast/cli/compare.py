"""`holdfast compare RUN RUN…`: finished runs against the first, paired over the same folds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from holdfast.study.compare import Compared

HEAD = [
    "difference", "95 % interval", "P(helps)", "P(equal)", "P(hurts)", "p, adjusted", "verdict", "repeats more",
]  # fmt: skip


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="finished run folders; all against the first", show_default=False)
    ],
    member: Annotated[
        str, typer.Option(metavar="NAME", help="compare by this member, not by the ensemble")
    ] = "ensemble",
    rope: Annotated[
        float | None,
        typer.Option(
            min=0, help="a difference up to this counts as none; by default 0.1 of the score's interval"
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="where the data of grids lie now, if they have moved"),
    ] = None,
    json_: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the comparison there as well")
    ] = None,
) -> None:
    """Tell by the folds that runs share whether they differ: helps, hurts or can't tell.

    The first run's folder keeps the comparison, in comparisons/, and so does the ledger.
    """
    from holdfast.cli.record import record
    from holdfast.store.atomic import write_json
    from holdfast.study.compare import compare as compare_runs
    from holdfast.study.compare import keep

    found = compare_runs(runs, member, rope, data)
    for line in lines_of(found):
        typer.echo(line)
    if json_ is not None:
        write_json(json_, found.plain())
        typer.echo(f"wrote {json_}")
    try:
        keep(found)
    except OSError as error:
        typer.echo(f"warning: {runs[0]} does not keep the comparison: {error}", err=True)
    else:
        record(runs[0])


def lines_of(found: Compared) -> list[str]:
    """The table, and how to read it."""
    from holdfast.cli.columns import columns

    told = found.plain()
    rows = [[found.runs[0], f"{found.values[0]:.4f}", *[""] * len(HEAD)]]
    rows += [[one["run"], f"{one['value']:.4f}", *cells(one)] for one in told["compared"]]
    better = "higher" if found.greater_is_better else "lower"
    return [
        f"{found.member}, {found.metric} ({better} is better), each run against the first",
        *columns([["run", "score", *HEAD], *rows], right=(1, 2, 4, 5, 6, 7, 9)),
        *rules(len(found.says), found.rope, found.rope_how),
    ]


def cells(one: dict[str, Any]) -> list[str]:
    """A comparison's columns, as in `HEAD`.

    >>> cells({"difference": 0.01, "low": -0.02, "high": 0.04, "helps": None, "equivalent": None, "hurts": None,
    ...        "adjusted": 0.4, "verdict": "can't tell", "repeats_more": "never"})
    ['+0.0100', '[-0.0200, +0.0400]', '', '', '', '0.400', "can't tell", 'never']
    """
    believed = ["" if one[key] is None else f"{one[key]:.2f}" for key in ("helps", "equivalent", "hurts")]
    interval = f"[{one['low']:+.4f}, {one['high']:+.4f}]"
    more = "" if one["repeats_more"] == 0 else str(one["repeats_more"])
    return [f"{one['difference']:+.4f}", interval, *believed, f"{one['adjusted']:.3f}", one["verdict"], more]


def rules(comparisons: int, rope: float, how: str) -> list[str]:
    """How the columns are made."""
    several = f", adjusted for {comparisons} comparisons (Holm)" if comparisons > 1 else ""
    return [
        f"verdict: corrected resampled t-test at 5 %{several}; intervals: of each difference alone",
        f"P: correlated Bayesian t-test; differences up to {rope:.4g} count as equal ({how})",
        "repeats more: about how many would tell an effect of the size seen; never: none would, it takes other data",
    ]
