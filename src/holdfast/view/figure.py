"""A figure: a chart, what it shows in words, and its numbers as a table.

Charts take the page's text colour (`currentColor`) for axes and words, and for marks colours that stand out on white
and on black alike, so that one chart serves both schemes.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from holdfast.errors import BadInput

INSTALL = 'install them in Holdfast\'s folder: pip install -c constraints.txt -e ".[report]"'
# At least 3 : 1 on white and on PAPER_DARK, as WCAG 2.2 (1.4.11) asks of marks.
BLUE, ORANGE, GREEN, PURPLE, RED, TEAL, PINK, OLIVE = PALETTE = (
    "#3b7dd8", "#cf6a0c", "#2a9461", "#9a63d6", "#d9484b", "#138a9c", "#cf4f96", "#87811a",
)  # fmt: skip
GREY = "#7f868d"
PAPER, PAPER_DARK = "#ffffff", "#14181d"
# what a reader's machine has; each script falls back on its own
FONTS = (
    'system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo",'
    ' "Malgun Gothic", NanumGothic, "Noto Sans JP", "Noto Sans SC", sans-serif'
)
WIDTH = 520  # pixels, where nothing else is asked
LINE = 22  # pixels a line of a chart whose lines have names
LABEL = 170  # pixels that a line's name may take

Cell = str | int | float | None


@dataclass(frozen=True)
class Figure:
    """A chart of altair's with its text alternative: a sentence that has the figures, and all of them as a table.

    `name`: letters, digits and dashes, unique on a page.
    """

    name: str
    title: str
    says: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    chart: Any

    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification, with the look of all charts."""
        return spec_of(self.chart)


def spec_of(chart: Any) -> dict[str, Any]:
    """The Vega-Lite specification of a chart of altair's, in the look of all charts.

    Altair's check against the schema takes longer than all the rest; the tests compile every chart instead.
    """
    return {**chart.to_dict(validate=False), "config": LOOK}


def needed(name: str) -> ModuleType:
    """altair or vl_convert; one clear error where it is missing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise BadInput(f"charts need {error.name}, which is not installed; {INSTALL}") from None


def altair() -> Any:
    return needed("altair")


def inline(rows: Sequence[dict[str, Any]]) -> Any:
    """Rows as the data of a chart; no number is NaN or infinite, which JSON does not know."""
    clean = [{key: _known(value) for key, value in row.items()} for row in rows]
    return altair().InlineData(values=clean)


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def number(value: float | None, signed: bool = False) -> str:
    """Four decimals, or four digits where they are large; a dash where there is none.

    >>> number(0.12345), number(-3.0, signed=True), number(12345.678), number(None)
    ('0.1235', '-3.0000', '12346', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    sign = "+" if signed else ""
    return f"{value:{sign}.4f}" if abs(value) < 1000 else f"{value:{sign}.0f}"


def interval(low: float | None, high: float | None, signed: bool = False) -> str:
    """Both ends.

    >>> interval(0.5, 0.75)
    '[0.5000, 0.7500]'
    """
    return f"[{number(low, signed)}, {number(high, signed)}]"


def direction(metric: str, greater_is_better: bool) -> str:
    """An axis title.

    >>> direction("log_loss", False)
    'log_loss (lower is better)'
    """
    return f"{metric} ({'higher' if greater_is_better else 'lower'} is better)"


_AXIS = {
    **{f"{part}Color": "currentColor" for part in ("label", "title", "domain", "tick", "grid")},
    "gridOpacity": 0.15,
    "domainOpacity": 0.5,
    "tickOpacity": 0.5,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelLimit": LABEL,
}
LOOK: dict[str, Any] = {
    "aria": False,  # the box around a chart has the words; hundreds of marks read out would bury them
    "background": "transparent",
    "font": FONTS,
    "view": {"stroke": None},
    "axis": _AXIS,
    "legend": {
        "labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 12, "titleFontSize": 12,
        "titleFontWeight": "normal", "orient": "bottom", "columns": 6, "labelLimit": LABEL, "symbolStrokeWidth": 2,
    },
    "header": {"labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 12},
    "title": {"color": "currentColor"},
    "text": {"color": "currentColor", "fontSize": 12},
    "rule": {"color": "currentColor"},
    "range": {"category": list(PALETTE)},
    "point": {"filled": True, "size": 60},
    "line": {"strokeWidth": 2},
    "mark": {"color": BLUE},
}  # fmt: skip
