"""Which columns a run relies on, and how sure their ranks are."""

from __future__ import annotations

from typing import Any

from holdfast.view.figure import BLUE, GREY, Figure, number
from holdfast.view.ranges import range_chart

MOST = 25  # clusters drawn; the table has them too
STABLE, OTHER = "stable", "not stable"
NAMED = 3  # columns of a cluster that its label has


def importance_figure(held: dict[str, Any]) -> Figure:
    """The first clusters of an `importance.json` by rank, with rank intervals over folds."""
    clusters = held["clusters"][:MOST]
    rows = [
        {
            "label": f"{row['rank']}. {label(row['columns'])}",
            "value": row["rank"],
            "low": row["rank_low"],
            "high": row["rank_high"],
            "kind": STABLE if row["stable"] else OTHER,
        }
        for row in clusters
    ]
    stable = [row for row in held["clusters"] if row["stable"]]
    agreed = "" if held["agreement"] is None else f" Folds agree by Kendall's tau {held['agreement']:.2f}."
    first = (
        f" First comes {label(clusters[0]['columns'])}, which costs {number(clusters[0]['drop'])} {held['metric']}."
        if clusters
        else ""
    )
    says = (
        f"Ranks of {len(clusters)} of {len(held['clusters'])} clusters of columns, by how much the score drops when they are"
        f" shuffled on held-out rows; {len(stable)} are stable: among the first {held['top']} in at least"
        f" {held['stable_share']:.0%} of folds.{first}{agreed}"
    )
    colours = {STABLE: BLUE, OTHER: GREY}
    return Figure(
        "importance", "Which columns it relies on", says,
        ("rank", "columns", "drop", "rank low", "rank high", "share of folds among the first", "stable"),
        tuple(
            (row["rank"], ", ".join(row["columns"]), row["drop"], row["rank_low"], row["rank_high"],
             row["share_in_top"], "yes" if row["stable"] else "no")
            for row in clusters
        ),
        range_chart(rows, "rank (1 is the most important), with its interval over folds", colours=colours),
    )  # fmt: skip


def label(columns: list[str]) -> str:
    """The first columns of a cluster, and how many more it has.

    >>> label(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    more = len(columns) - NAMED
    return ", ".join(columns[:NAMED]) + (f" and {more} more" if more > 0 else "")
