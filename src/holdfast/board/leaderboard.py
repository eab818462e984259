"""Each submission's score by cross-validation against that of the leaderboard."""

from __future__ import annotations

from typing import Any

from holdfast.view.figure import BLUE, Figure, altair, inline, number


def figure(rows: list[dict[str, Any]]) -> Figure | None:
    """A dot for each scored submission, with the interval of its CV; None where there is none.

    Only those of the metric that most of them have: others lie on other scales.
    """
    scored = [row for row in rows if row["public"] is not None and row["value"] is not None]
    if not scored:
        return None
    metrics = [row["metric"] for row in scored]
    metric = max(dict.fromkeys(metrics), key=metrics.count)
    kept = [row for row in scored if row["metric"] == metric]
    alt = altair()
    points = [
        {"cv": row["value"], "low": row["low"], "high": row["high"], "board": row["public"]} for row in kept
    ]
    y = alt.Y("board:Q", title="public leaderboard", scale=alt.Scale(zero=False))
    base = alt.Chart(inline(points))
    bars = base.mark_rule(color=BLUE, opacity=0.5).encode(
        x=alt.X("low:Q", title=f"CV ({metric})"), x2="high:Q", y=y
    )
    dots = base.mark_point(filled=True, size=60, color=BLUE).encode(
        x=alt.X("cv:Q", title=f"CV ({metric})", scale=alt.Scale(zero=False)), y=y
    )
    said = "; ".join(
        f"{row['path']} CV {number(row['value'])}, leaderboard {number(row['public'])}" for row in kept
    )
    return Figure(
        "leaderboard", "CV against the leaderboard", f"{metric} by cross-validation and on the leaderboard: {said}.",
        ("run", "CV", "leaderboard"), tuple((row["path"], row["value"], row["public"]) for row in kept),
        alt.layer(bars, dots).properties(width=420, height=260),
    )  # fmt: skip
