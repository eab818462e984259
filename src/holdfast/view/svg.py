"""A chart as a still SVG, for pages that run no script."""

from __future__ import annotations

from typing import Any

from holdfast.view.figure import needed, spec_of


def as_svg(chart: Any) -> str:
    """The SVG of a chart of altair's, to stand inside a page: its words are in the page's text colour and scale with it.

    It has no script, and the name that a reader hears must come from the element around it.
    """
    made = str(needed("vl_convert").vegalite_to_svg(spec_of(chart)))
    return made.replace("<svg ", '<svg aria-hidden="true" ', 1)
