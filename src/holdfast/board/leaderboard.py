"""Each submission's score by cross-validation (CV) against that of the leaderboard."""

from __future__ import annotations

from typing import Any

from holdfast.submit.leaderboard import AGREE, NEEDED, agreement, scored
from holdfast.view.figure import BLUE, Figure, altair, inline, number

Row = dict[str, Any]
EDGE = 14  # pixels between the outermost dots and the frame


def figure(rows: list[Row]) -> Figure | None:
    """A dot for each scored submission, with the interval of its CV; None where there is none."""
    kept = scored(rows)
    if not kept:
        return None
    alt, metric = altair(), kept[-1]["metric"]
    points = [
        {"cv": row["value"], "low": row["low"], "high": row["high"], "board": row["public"]} for row in kept
    ]
    scale = alt.Scale(zero=False, padding=EDGE)
    x, y = f"CV ({metric}) with its 95 % interval", alt.Y("board:Q", title="public leaderboard", scale=scale)
    base = alt.Chart(inline(points))
    bars = base.mark_rule(color=BLUE, strokeWidth=2).encode(
        x=alt.X("low:Q", title=x, scale=scale), x2="high:Q", y=y
    )
    dots = base.mark_point(filled=True, size=80, opacity=1, color=BLUE).encode(
        x=alt.X("cv:Q", title=x, scale=scale), y=y
    )
    said = "; ".join(
        f"{row['path']} CV {number(row['value'])}, leaderboard {number(row['public'])}" for row in kept
    )
    return Figure(
        "leaderboard",
        "CV against the leaderboard",
        f"{metric} by cross-validation and on the leaderboard: {said}.",
        ("run", "CV", "leaderboard"),
        tuple((row["path"], row["value"], row["public"]) for row in kept),
        alt.layer(bars, dots).properties(width=420, height=240),
    )


def agreed(rows: list[Row]) -> tuple[str, bool]:
    """Whether CV ranks runs as the leaderboard does, in a sentence; and whether it is shown that it does not."""
    found = agreement(rows)
    if found.value is None:
        return (
            f"Scored runs: {found.runs}; {NEEDED} or more tell whether CV and leaderboard rank alike.",
            False,
        )
    said = (
        f"CV and leaderboard rank {found.runs} runs alike by Spearman {number(found.value)}"
        f" [{number(found.low)}, {number(found.high)}]."
    )
    if not found.parted:
        return said, False
    return (
        f"{said} They part (below {AGREE:g}): the folds or the leaderboard's data differ from what was meant.",
        True,
    )
