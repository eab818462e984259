"""A report as one HTML file: sections through templates, style, script and pictures inlined."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from holdfast import __version__
from holdfast.report.blocks import Chart, Section
from holdfast.view.figure import FONTS, Cell, Figure, needed, number

GENERATOR = "holdfast report"
SNIPPET = "window.vegaEmbed = vegaEmbed;"


def page(title: str, lead: str, mark: str, sections: Sequence[Section]) -> str:
    """The whole file. `mark`: by which the command knows its own report of the same runs again.

    The policy in its head lets no request out and runs the two scripts that are named by their hashes, and no other,
    whatever a label may hold.
    """
    figures = [block.figure for one in sections for block in one.blocks if isinstance(block, Chart)]
    script = _template("page.js")
    environment = _environment()
    return str(
        environment.get_template("report.html").render(
            title=title,
            lead=lead,
            mark=mark,
            generator=GENERATOR,
            sections=sections,
            footer=f"Made by Holdfast {__version__}. Every score is out-of-fold: of samples that the model did not see.",
            style=_safe(_template("style.css").replace("FONTS", FONTS)),
            charts=_safe(_charts(figures)),
            bundle=_safe(bundle()),
            script=_safe(script),
            allowed=_safe(f"{_hash(bundle())} {_hash(script)}"),
        )
    )


def _charts(figures: Sequence[Figure]) -> str:
    """Specifications by name, as JSON that ends no script element."""
    names = [figure.name for figure in figures]
    assert len(set(names)) == len(names), f"two charts of one name: {names}"
    text = json.dumps({one.name: fluid(one.spec()) for one in figures}, allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def fluid(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart that is wider than high takes the width that its box has; a square one stays square."""
    width, height = spec.get("width"), spec.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or width == height:
        return spec
    return {**spec, "width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}


@cache
def bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script; it takes seconds to make, once a process."""
    return str(needed("vl_convert").javascript_bundle(SNIPPET)).replace("</script", "<\\/script")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _cell(value: Cell) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1000 else number(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _environment() -> Any:
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("holdfast.report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    made.filters["cell"] = _cell
    return made


def _safe(text: str) -> Any:
    """Our own text, which is put in as it is."""
    from markupsafe import Markup

    return Markup(text)


def _template(name: str) -> str:
    return (files("holdfast.report") / "templates" / name).read_text(encoding="utf-8")
