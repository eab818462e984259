"""What differs from what: a forest plot of paired differences with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast.metrics.verdict import CANT_TELL, HELPS, HURTS
from holdfast.view.figure import GREEN, GREY, RED, Figure, interval, number
from holdfast.view.ranges import range_chart

COLOURS = {HELPS: GREEN, CANT_TELL: GREY, HURTS: RED}


def forest_figure(
    rows: Sequence[dict[str, Any]], metric: str, greater_is_better: bool, than: str, name: str = "forest"
) -> Figure:
    """Differences to `than`. Each of `rows`: label, difference, low, high, verdict, adjusted, rope, helps, hurts,
    equivalent, repeats_more, as `Compared.plain()` and an ablation's results have them."""  # fmt: skip
    shown = [
        {"label": row["label"], "value": row["difference"], "low": row["low"], "high": row["high"], "kind": row["verdict"]}
        for row in rows
    ]  # fmt: skip
    better = "above" if greater_is_better else "below"
    said = "; ".join(
        f"{row['label']} {number(row['difference'], True)} {interval(row['low'], row['high'], True)}: {row['verdict']}"
        for row in rows
    )
    equal = max((float(row["rope"]) for row in rows), default=0.0)
    head = (
        "change", "difference", "low", "high", "p, adjusted", "P(helps)", "P(equal)", "P(hurts)", "verdict", "repeats more",
    )  # fmt: skip
    keys = (
        "label", "difference", "low", "high", "adjusted", "helps", "equivalent", "hurts", "verdict", "repeats_more",
    )  # fmt: skip
    kinds = {kind: COLOURS[kind] for kind in COLOURS if any(row["verdict"] == kind for row in rows)}
    return Figure(
        name, f"Differences to {than}",
        f"Difference in {metric} to {than}, paired by folds; {better} zero is better: {said}."
        f" Differences within {number(equal)} of zero, the band, count as equal.",
        head, tuple(tuple(row.get(key) for key in keys) for row in rows),
        range_chart(
            shown, f"difference in {metric} ({better} 0 is better)", zero=0, equal=equal, colours=kinds
        ),
    )  # fmt: skip
