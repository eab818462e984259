"""How a member learned: losses epoch by epoch, fold by fold, also of a run in progress."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from holdfast.store.run import RunFolder
from holdfast.view.figure import WIDTH, Figure, altair, inline, number

FILE = "curve.csv"
TRAIN, WATCH = "training", "watched inner split"
MOST = 200  # epochs drawn of a curve


def curve_of(file: Path) -> list[dict[str, float]]:
    """The rows of a `curve.csv`: epoch, train_loss, watch_loss (NaN where nothing is watched), lr, seconds."""
    with file.open(encoding="utf-8", newline="") as text:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(text)]


def curves_of(run: RunFolder, member: str) -> dict[str, list[dict[str, float]]]:
    """The curves that a member has so far, by fold (`0`, of repeat 1 `0.r1`, of its second seed `0/seed-1`)."""
    folder = run.path / "members" / member
    files = sorted([*folder.glob(f"fold-*/{FILE}"), *folder.glob(f"fold-*/seed-*/{FILE}")])
    return {str(file.parent.relative_to(folder)).removeprefix("fold-"): curve_of(file) for file in files}


def learning_figures(run: RunFolder, members: list[str]) -> list[Figure]:
    """A figure for each member that learns by epochs."""
    held = {member: curves_of(run, member) for member in members}
    return [curves_figure(member, curves) for member, curves in held.items() if any(curves.values())]


def curves_figure(member: str, curves: dict[str, list[dict[str, float]]]) -> Figure:
    """Training loss, and that of the watched inner split, of each fold."""
    alt = altair()
    rows = [
        {"epoch": row["epoch"] + 1, "loss": row[field], "fold": fold, "part": part}
        for fold, curve in curves.items()
        for row in _thinned(curve)
        for field, part in (("train_loss", TRAIN), ("watch_loss", WATCH))
        if row[field] == row[field]
    ]
    dash = alt.StrokeDash(
        "part:N", scale=alt.Scale(domain=[TRAIN, WATCH], range=[[1, 0], [5, 3]]), title=None
    )
    base = alt.Chart(inline(rows)).encode(
        x=alt.X("epoch:Q", axis=alt.Axis(values=_ticks(rows), format="d")),
        y=alt.Y("loss:Q", scale=alt.Scale(zero=False)),
        color=alt.Color("fold:N", sort=list(curves)),
        tooltip=["fold:N", "part:N", "epoch:Q", alt.Tooltip("loss:Q", format=".4f")],
    )
    watched = any(row["part"] == WATCH for row in rows)
    lines = base.mark_line().encode(strokeDash=dash) if watched else base.mark_line()
    chart = alt.layer(lines, base.mark_point(size=18)).properties(width=WIDTH, height=240)
    there = {fold: curve for fold, curve in curves.items() if curve}
    ends = "; ".join(
        f"fold {fold} from {number(curve[0]['train_loss'])} to {number(curve[-1]['train_loss'])}"
        f" in {len(curve)} epoch{'s' if len(curve) > 1 else ''}"
        for fold, curve in there.items()
    )
    table = tuple(
        (fold, len(curve), curve[0]["train_loss"], curve[-1]["train_loss"], _lowest(curve))
        for fold, curve in there.items()
    )
    return Figure(
        f"curves-{_slug(member)}", f"Loss of {member}, fold by fold", f"Training loss of {member}: {ends}.",
        ("fold", "epochs", "first training loss", "last training loss", "lowest watched loss"), table, chart,
    )  # fmt: skip


def _ticks(rows: list[dict[str, Any]]) -> list[int]:
    """Whole epochs, at most about ten of them."""
    last = int(max((row["epoch"] for row in rows), default=1))
    return list(range(1, last + 1, -(-last // 10)))


def _slug(name: str) -> str:
    """A member's name as part of a figure's; names that differ stay apart.

    >>> _slug("conv"), _slug("a.b")
    ('conv', 'a-2e-b')
    """
    return "".join(one if one.isascii() and one.isalnum() else f"-{ord(one):x}-" for one in name).strip("-")


def _lowest(curve: list[dict[str, float]]) -> float | None:
    seen = [row["watch_loss"] for row in curve if row["watch_loss"] == row["watch_loss"]]
    return min(seen) if seen else None


def _thinned(curve: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most about `MOST` rows, the first and the last among them."""
    step = -(-len(curve) // MOST)
    return curve if step < 2 else [*curve[:-1:step], curve[-1]]
