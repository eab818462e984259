"""What runs and comparisons show of themselves in Jupyter: small tables of escaped text, without scripts or styles of
their own but a few attributes, so that they look right on any theme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

ENSEMBLE = "ensemble"


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = (), bold: str = ""
) -> str:
    """An HTML table; columns in `numbers` end together, the row whose first cell is `bold` stands out.

    >>> table(["class"], [["<b>"]])
    '<table><thead><tr><th scope="col">class</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """

    def cells(row: Sequence[str], tag: str) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        right = [' style="text-align: right"' if i in numbers else "" for i in range(len(row))]
        held = [f"<b>{escape(cell)}</b>" if bold and row[0] == bold else escape(cell) for cell in row]
        return "".join(f"<{tag}{scope}{style}>{one}</{tag}>" for one, style in zip(held, right))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def line(text: str) -> str:
    return f"<div>{escape(text)}</div>"


def run_html(path: str, scores: dict[str, Any], findings: dict[str, Any]) -> str:
    """A finished run: each member's score with its interval, the ensemble in bold, the floor, and what was found."""
    metric, better = scores["metric"], "higher" if scores["greater_is_better"] else "lower"
    standing = {name: one for name, one in scores["members"].items() if name != ENSEMBLE}
    standing[ENSEMBLE] = scores["members"][ENSEMBLE]
    standing |= scores.get("floors") or {"floor": scores["floor"]}
    if "sample" in scores:
        standing["sample"] = scores["sample"]
    rows = [
        [name, f"{one[metric]['value']:.4f}", interval(one[metric]), one[metric]["how"]]
        for name, one in standing.items()
        if metric in one
    ]
    found = [one for one in findings["findings"] if one["status"] == "found" and one["severity"] != "info"]
    told = [f"{one['code']} {one['severity']}: {one['said']}" for one in found]
    refit = (
        [f"refitted on all rows; the scores are those of {scores['refit']['run']}"]
        if "refit" in scores
        else []
    )
    return "".join(
        [
            line(f"{path}: out-of-fold {metric} ({better} is better)"),
            table(["member", "score", "95 % interval", "interval by"], rows, (1, 2), ENSEMBLE),
            *(line(one) for one in [*refit, *told, *(f"note: {note}" for note in scores["notes"])]),
        ]
    )


def interval(one: dict[str, Any], signed: bool = False) -> str:
    """
    >>> interval({"low": 0.1, "high": 0.25}), interval({"low": -0.1, "high": 0.25}, signed=True)
    ('[0.1000, 0.2500]', '[-0.1000, +0.2500]')
    """
    form = "+.4f" if signed else ".4f"
    return f"[{one['low']:{form}}, {one['high']:{form}}]"


def verdict_cells(one: dict[str, Any]) -> list[str]:
    """Difference, interval, adjusted p and verdict, of plain values; empty where nothing can be said yet."""
    if "difference" not in one:
        return ["", "", "", one.get("why", "")]
    return [f"{one['difference']:+.4f}", interval(one, signed=True), f"{one['adjusted']:.3f}", one["verdict"]]


VERDICT_HEAD = ["difference", "95 % interval", "p, adjusted", "verdict"]
