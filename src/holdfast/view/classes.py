"""Where a run fails by class: confusion, and each class's scores with intervals and counts of units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from holdfast.metrics.intervals import resampled, score_of_draws, units_of
from holdfast.view.figure import BLUE, LABEL, LINE, Figure, altair, inline, interval, number
from holdfast.view.ranges import range_chart

CELL, SMALLEST = 30, 14  # pixels a side of a confusion's cell
WIDEST = 560  # of a confusion, unless its cells would be too small
NAMED = 5  # confusions that the sentence has
MOST = 40  # classes whose confusion is drawn with numbers
SCORES = ("f1", "precision", "recall")


def confusion_figure(
    names: Sequence[str], counts: Sequence[Sequence[int]], what: str = "class", name: str = "confusion"
) -> Figure:
    """Rows are true, columns are said; a cell's shade is its share of the row. `what`: class, or an attribute."""
    alt, table = altair(), np.asarray(counts)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    names = [str(one) for one in names]
    rows = [
        {"truth": names[i], "said": names[j], "count": int(table[i, j]), "share": round(float(share[i, j]), 4)}
        for i in range(len(names))
        for j in range(len(names))
        if table[i, j]
    ]  # fmt: skip
    cell = 46 if len(names) <= 3 else min(CELL, max(SMALLEST, WIDEST // len(names)))
    side, size = cell * len(names), 12 if cell > 20 else 9
    told = {"labelLimit": LABEL, "labelFontSize": size}
    x = alt.X("said:N", sort=names, title=f"{what} said", axis=alt.Axis(labelAngle=-45, **told))
    y = alt.Y("truth:N", sort=names, title=f"true {what}", axis=alt.Axis(**told))
    base = alt.Chart(inline(rows)).encode(
        x=x, y=y, tooltip=["truth:N", "said:N", "count:Q", alt.Tooltip("share:Q", format=".1%")]
    )
    # an opacity in place of a shade: it lies on white and on black alike
    shade = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.06, 0.6]), legend=None)
    cells = base.mark_rect(color=BLUE).encode(opacity=shade)
    words = base.mark_text(fontSize=size - 1).encode(text="count:Q")
    chart = alt.layer(cells, words) if len(names) <= MOST else alt.layer(cells)
    return Figure(
        name, f"What is taken for what: {what}", confusion_says(names, table, what),
        (f"true \\ said {what}", *names),
        tuple((one, *(int(n) for n in row)) for one, row in zip(names, table, strict=True)),
        chart.properties(width=side, height=side),
    )  # fmt: skip


def confusion_says(names: Sequence[str], counts: np.ndarray, what: str) -> str:
    """How many are right, and what is most often taken for what.

    >>> confusion_says(["no", "yes"], np.array([[7, 1], [0, 2]]), "mask")
    '9 of 10 samples get their true mask; most often no is taken for yes (1 time).'
    """
    right, total = int(np.trace(counts)), int(counts.sum())
    off = counts - np.diag(np.diag(counts))
    order = np.argsort(-off, axis=None, kind="stable")[:NAMED]
    pairs = [(*np.unravel_index(at, off.shape), off.flat[at]) for at in order if off.flat[at]]
    most = ", ".join(
        f"{names[i]} is taken for {names[j]} ({n} time{'s' if n > 1 else ''})" for i, j, n in pairs
    )
    tail = f"; most often {most}" if most else ""
    return f"{right:,} of {total:,} samples get their true {what}{tail}."


def class_scores(
    truth: np.ndarray, said: np.ndarray, names: Sequence[str], groups: np.ndarray | None, seed: int = 0
) -> list[dict[str, Any]]:
    """F1, precision and recall of each class, each with its 95 % bootstrap interval over groups; rows and groups.

    `truth` and `said`: class codes `(n,)`. `groups`: `(n,)`, or None where none are known. The interval is empty
    where no resample has a score.
    """
    k, units = len(names), units_of(len(truth), groups)
    true, taken = np.eye(k)[truth], np.eye(k)[said]
    parts = np.concatenate([true * taken, true, taken], axis=1)
    draws = resampled([parts], units, seed)[0]
    values, drawn = _of_sums(parts.sum(axis=0), k), _of_sums(draws, k)
    rows = []
    for c, name in enumerate(names):
        row: dict[str, Any] = {"class": str(name), "rows": int(true[:, c].sum()), "how": ""}
        if groups is not None:
            row["groups"] = len(np.unique(groups[truth == c]))
        for key in SCORES:
            with np.errstate(all="ignore"):
                one = score_of_draws(float(values[key][c]), drawn[key][:, c], units)
            row |= {key: one.value, f"{key}_low": one.low, f"{key}_high": one.high, "how": one.how}
        rows.append(row)
    return rows


def _of_sums(sums: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Scores `(…, k)` of sums `(…, 3 k)`: right, true, said. NaN where a class is absent; 0 where it is never said."""
    right, true, said = (sums[..., i * k : (i + 1) * k] for i in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = right / true
        precision = np.where(said > 0, right / np.maximum(said, 1), np.where(true > 0, 0.0, np.nan))
        f1 = np.where(true > 0, 2 * right / (true + said), np.nan)
    return {"f1": f1, "precision": precision, "recall": recall}


def classes_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """F1 of each class of `class_scores`, the lowest first."""
    ordered = sorted(rows, key=lambda row: (row["f1"] != row["f1"], row["f1"]))
    shown = [
        {"label": row["class"], "value": row["f1"], "low": row["f1_low"], "high": row["f1_high"]}
        for row in ordered
    ]
    grouped = bool(rows) and "groups" in rows[0]

    def units(row: dict[str, Any]) -> str:
        return f"{row['rows']} rows" + (f" of {row['groups']} groups" if grouped else "")

    known = [row for row in ordered if row["f1"] == row["f1"]]
    ends = [known[0], known[-1]] if len(known) > 1 else known
    said = " and ".join(
        f"{row['class']} {number(row['f1'])} {interval(row['f1_low'], row['f1_high'])} ({units(row)})"
        for row in ends
    )
    few = min(known, key=lambda row: row.get("groups", row["rows"]), default=None)
    least = f" The fewest to tell by has {few['class']}: {units(few)}." if few else ""
    head = ("class", *(f"{key}{end}" for key in SCORES for end in ("", " low", " high")), "rows")
    table = [
        (row["class"], *(row[f"{key}{end}"] for key in SCORES for end in ("", "_low", "_high")), row["rows"])
        for row in ordered
    ]
    if grouped:
        head = (*head, "groups")
        table = [(*line, row["groups"]) for line, row in zip(table, ordered, strict=True)]
    how = rows[0]["how"] if rows else ""
    chart = range_chart(shown, "F1 (higher is better)").properties(height=max(LINE * len(shown), 60))
    return Figure(
        "classes", "Class by class",
        f"F1 of the ensemble by class, lowest and highest: {said}.{least} Intervals: {how}.",
        head, tuple(table), chart,
    )  # fmt: skip
