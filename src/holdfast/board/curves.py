"""Curves of losses while a run works: lines of an SVG, light enough to be drawn anew each second."""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 628, 12, 212  # of the plot, in the SVG's units
Points = list[tuple[int, float, float]]  # epoch, loss of training, loss of the inner split or NaN


@dataclass(frozen=True)
class Line:
    """One curve: of the training loss, or `inner`, of the inner split's."""

    label: str
    inner: bool
    points: str
    last: tuple[float, float]


@dataclass(frozen=True)
class Drawn:
    """What the template draws."""

    member: str
    lines: list[Line]
    rows: list[tuple[float, str]]  # y, the loss there
    columns: list[tuple[float, str]]  # x, the epoch there
    alternative: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    bottom: int = BOTTOM


def drawn(member: str, folds: list[tuple[str, Points]]) -> Drawn | None:
    """The curves of a member's folds; None without a point."""
    named = [
        (f"fold {fold}, {what}", inner, [(e, v) for e, v in values if math.isfinite(v)])
        for fold, points in folds
        for what, inner, values in (
            ("training", False, [(epoch, train) for epoch, train, _ in points]),
            ("inner split", True, [(epoch, watch) for epoch, _, watch in points]),
        )
    ]
    named = [one for one in named if one[2]]
    if not named:
        return None
    losses = [value for _, _, values in named for _, value in values]
    low, high = min(losses), max(losses)
    last = max(epoch for _, _, values in named for epoch, _ in values)
    span, epochs = (high - low) or 1.0, max(1, last)

    def place(epoch: int, loss: float) -> tuple[float, float]:
        x = LEFT + (RIGHT - LEFT) * epoch / epochs
        return round(x, 1), round(BOTTOM - (BOTTOM - TOP) * (loss - low) / span, 1)

    lines = []
    for label, inner, values in named:
        at = [place(*one) for one in values]
        lines.append(Line(label, inner, " ".join(f"{x},{y}" for x, y in at), at[-1]))
    ticks = sorted({0, last // 2, last})
    said = ", ".join(f"{label} {values[-1][1]:.4f}" for label, _, values in named)
    return Drawn(
        member,
        lines,
        [(place(0, low + span * share)[1], f"{low + span * share:.3g}") for share in (0, 0.5, 1)],
        [(place(epoch, low)[0], str(epoch + 1)) for epoch in ticks],
        f"Losses of {member} by epoch, after epoch {last + 1}: {said}",
    )
