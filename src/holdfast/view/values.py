"""Where a run of real values errs: truth over prediction."""

from __future__ import annotations

import numpy as np

from holdfast.view.figure import BLUE, Figure, altair, inline, number

MOST = 1500  # points drawn
SIDE = 340  # pixels


def truth_figure(truth: np.ndarray, said: np.ndarray) -> Figure:
    """A dot for each sample, or for an even share of them where they are many; the table has tenths of the error."""
    alt, off = altair(), np.abs(said - truth)
    rows = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), MOST)).astype(int))
    points = [{"said": float(f"{said[i]:.5g}"), "truth": float(f"{truth[i]:.5g}")} for i in rows]
    low, high = float(min(truth.min(), said.min())), float(max(truth.max(), said.max()))
    ends = inline([{"said": end, "truth": end} for end in (low, high)])
    line = alt.Chart(ends).mark_line(strokeDash=[4, 3], color="currentColor", opacity=0.6, strokeWidth=1.5)
    dots = alt.Chart(inline(points)).mark_point(size=20, opacity=0.5, color=BLUE)
    chart = alt.layer(dots, line).encode(
        x=alt.X("said:Q", title="prediction", scale=alt.Scale(zero=False)),
        y=alt.Y("truth:Q", title="truth", scale=alt.Scale(zero=False)),
    )
    shares = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
    cuts = np.quantile(off, shares)
    drawn = "" if len(rows) == len(truth) else f" {len(rows):,} of {len(truth):,} samples are drawn."
    return Figure(
        "truth", "Truth over prediction",
        f"Half of the {len(truth):,} predictions lie within {number(float(cuts[2]))} of the truth, nine in ten within"
        f" {number(float(cuts[4]))}; the largest error is {number(float(cuts[5]))}.{drawn}",
        ("share of samples", "absolute error at most"),
        tuple((f"{share:.0%}", float(cut)) for share, cut in zip(shares, cuts, strict=True)),
        chart.properties(width=SIDE, height=SIDE),
    )  # fmt: skip
