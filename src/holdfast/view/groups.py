"""Where a run fails by group: each group's score, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from holdfast.metrics.base import Metric
from holdfast.view.figure import BLUE, LINE, WIDTH, Figure, altair, direction, inline, number

MOST = 30  # groups drawn and listed


def group_scores(
    metric: Metric, truth: np.ndarray, said: np.ndarray, groups: np.ndarray
) -> list[dict[str, Any]]:
    """Each group's rows and score, the worst first; groups on which the metric has no value come last.

    `truth`: codes or values `(n,)`; `said`: `(n, classes)` or `(n,)`.
    """
    order = np.argsort(groups, kind="stable")
    names, starts = np.unique(groups[order], return_index=True)
    rows = []
    for name, part in zip(names, np.split(order, starts[1:]), strict=True):
        with np.errstate(all="ignore"):
            value = float(metric.score(truth[part], said[part]))
        rows.append({"group": str(name), "rows": len(part), "value": value})
    return worst_first(rows, metric.greater_is_better)


def worst_first(rows: list[dict[str, Any]], greater_is_better: bool) -> list[dict[str, Any]]:
    sign = 1 if greater_is_better else -1
    return sorted(rows, key=lambda row: sign * row["value"] if row["value"] == row["value"] else float("inf"))


def groups_figure(
    rows: Sequence[dict[str, Any]], metric: str, greater_is_better: bool, whole: float
) -> Figure:
    """The worst groups of `group_scores` beside the score of all rows together."""
    alt, shown = altair(), list(rows)[:MOST]
    known = [row for row in rows if row["value"] == row["value"]]
    says = f"No group has a {metric} of its own."
    if known:
        middle = float(np.median([row["value"] for row in known]))
        says = (
            f"{metric} of {len(rows)} groups: worst {known[0]['group']} with {number(known[0]['value'])}"
            f" ({known[0]['rows']} rows), median {number(middle)}, best {known[-1]['group']} with"
            f" {number(known[-1]['value'])}; all rows together {number(whole)}."
        )
    title = direction(metric, greater_is_better)
    bars = (
        alt.Chart(inline(shown))
        .mark_point(size=80, color=BLUE)
        .encode(
            x=alt.X("value:Q", title=title, scale=alt.Scale(zero=False)),
            y=alt.Y("group:N", sort=[row["group"] for row in shown], title=None),
            tooltip=["group:N", "rows:Q", alt.Tooltip("value:Q", format=".4f")],
        )
    )
    line = alt.Chart(inline([{"value": whole}])).mark_rule(strokeDash=[4, 3]).encode(x="value:Q")
    which = "" if len(shown) == len(rows) else f", the worst {len(shown)} of {len(rows)}"
    return Figure(
        "groups", f"Group by group{which}", f"{says} The dashed line is the score of all rows together.",
        ("group", "rows", metric), tuple((row["group"], row["rows"], row["value"]) for row in shown),
        alt.layer(bars, line).properties(width=WIDTH, height=max(LINE * len(shown), 60)),
    )  # fmt: skip
