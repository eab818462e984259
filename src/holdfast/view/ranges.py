"""Values with their intervals, a line each: scores beside the floor, classes, differences, ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast.view.figure import BLUE, LINE, WIDTH, altair, inline


def range_chart(
    rows: Sequence[dict[str, Any]],
    title: str,
    zero: float | None = None,
    equal: float = 0.0,
    colours: dict[str, str] | None = None,
) -> Any:
    """A dot for `value` and a bar from `low` to `high` for each of `rows`, named by `label`, in their order.

    `zero`: where a line is drawn, with a band of `equal` on both sides. `colours`: of each value of `kind`.
    """
    alt = altair()
    shown = [{"kind": "", **row} for row in rows]
    colour: Any = alt.value(BLUE)
    if colours:
        scale = alt.Scale(domain=list(colours), range=list(colours.values()))
        colour = alt.Color("kind:N", scale=scale, title=None)
    y = alt.Y("label:N", sort=[row["label"] for row in rows], title=None)
    base = alt.Chart(inline(shown)).encode(y=y, color=colour)
    spread = base.mark_rule(strokeWidth=3, opacity=0.6).encode(
        x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False)), x2="high:Q"
    )
    hints = [alt.Tooltip(f"{name}:Q", format=".4f") for name in ("value", "low", "high")]
    dots = base.mark_point(size=80, filled=True, opacity=1).encode(
        x="value:Q", tooltip=[alt.Tooltip("label:N"), *hints]
    )
    layers = [spread, dots]
    if zero is not None:
        layers = [*_line(zero, equal), *layers]
    return alt.layer(*layers).properties(width=WIDTH, height=LINE * max(len(rows), 2))


def _line(zero: float, equal: float) -> list[Any]:
    alt = altair()
    at = inline([{"low": zero - equal, "high": zero + equal, "value": zero}])
    band = alt.Chart(at).mark_rect(opacity=0.15, color="currentColor").encode(x="low:Q", x2="high:Q")
    line = alt.Chart(at).mark_rule(strokeDash=[4, 3]).encode(x="value:Q")
    return [band, line] if equal > 0 else [line]
