"""Whether what a run says comes true as often: reliability of classes' shares and of forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from holdfast.view.figure import BLUE, Figure, altair, inline, number

BINS = 10
SIDE = 300  # pixels


def reliability(truth: np.ndarray, shares: np.ndarray, bins: int = BINS) -> list[dict[str, Any]]:
    """Of the class said: its mean share and how often it is right, in bins of equal width of its share.

    `truth`: codes `(n,)`; `shares`: `(n, classes)`. Empty bins are left out.

    >>> reliability(np.array([0, 1]), np.array([[0.9, 0.1], [0.7, 0.3]]))[0]
    {'from': 0.7, 'to': 0.8, 'rows': 1, 'said': 0.7, 'right': 0.0}
    """
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    place = np.minimum((sure * bins + 1e-9).astype(int), bins - 1)
    return [
        {
            "from": at / bins, "to": (at + 1) / bins, "rows": int(here.sum()),
            "said": float(sure[here].mean()), "right": float(right[here].mean()),
        }
        for at in range(bins)
        if (here := place == at).any()
    ]  # fmt: skip


def expected_error(rows: Sequence[dict[str, Any]]) -> float:
    """Mean distance of what is said from what comes true, weighed by rows (ECE; Guo and others 2017)."""
    total = sum(row["rows"] for row in rows)
    return sum(row["rows"] * abs(row["said"] - row["right"]) for row in rows) / max(total, 1)


def reliability_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """How often the class said is right over how sure it was said; the diagonal is calibrated."""
    off = expected_error(rows)
    sure = sum(row["rows"] * (row["said"] - row["right"]) for row in rows)
    way = "too sure" if sure > 0 else "not sure enough"
    says = f"The expected calibration error is {number(off)}; in the mean the predictions are {way}." + (
        f" Of the {rows[-1]['rows']} rows said with {rows[-1]['from']:.0%} or more, {rows[-1]['right']:.1%} are right."
        if rows
        else ""
    )
    return Figure(
        "calibration", "How often it is right, by how sure it is", says,
        ("share from", "to", "rows", "mean share said", "share right"),
        tuple((row["from"], row["to"], row["rows"], row["said"], row["right"]) for row in rows),
        _against_diagonal(rows, ("said", "share of the class said"), ("right", "share that is right"), (0.0, 1.0)),
    )  # fmt: skip


def values_figure(truth: np.ndarray, said: np.ndarray) -> Figure:
    """Of real values: the mean truth over the mean prediction, in tenths of the predictions."""
    parts = np.array_split(np.argsort(said, kind="stable"), min(BINS, len(said)))
    rows = [
        {"rows": len(part), "said": float(said[part].mean()), "right": float(truth[part].mean())}
        for part in parts
    ]
    weights = [row["rows"] for row in rows]
    off = float(np.average([abs(row["said"] - row["right"]) for row in rows], weights=weights))
    means = [row[key] for row in rows for key in ("said", "right")]
    low, high = min(means), max(means)
    return Figure(
        "calibration", "What is true where so much is said",
        f"In tenths of the predictions, the mean prediction lies {number(off)} from the mean truth.",
        ("rows", "mean prediction", "mean truth"),
        tuple((row["rows"], row["said"], row["right"]) for row in rows),
        _against_diagonal(rows, ("said", "mean prediction"), ("right", "mean truth"), (low, high)),
    )  # fmt: skip


def _against_diagonal(
    rows: Sequence[dict[str, Any]], x: tuple[str, str], y: tuple[str, str], ends: tuple[float, float]
) -> Any:
    alt = altair()
    at = inline([{x[0]: end, y[0]: end} for end in ends])
    scale, axis = alt.Scale(domain=list(ends), nice=True), alt.Axis(tickCount=5)
    line = alt.Chart(at).mark_line(strokeDash=[4, 3], color="currentColor", opacity=0.6, strokeWidth=1.5)
    base = alt.Chart(inline(rows))
    size = alt.Size("rows:Q", scale=alt.Scale(range=[20, 260]), title="rows")
    dots = base.mark_point(color=BLUE, opacity=0.9)
    return (
        alt.layer(
            line,
            base.mark_line(color=BLUE, strokeWidth=1),
            dots.encode(size=size, tooltip=[f"{x[0]}:Q", f"{y[0]}:Q", "rows:Q"]),
        )
        .encode(
            x=alt.X(f"{x[0]}:Q", title=x[1], scale=scale, axis=axis),
            y=alt.Y(f"{y[0]}:Q", title=y[1], scale=scale, axis=axis),
        )
        .properties(width=SIDE, height=SIDE)
    )
