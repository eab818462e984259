"""Templates, and how numbers stand on a page."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2

TEMPLATES = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Every value is escaped; an unknown name is an error, not a gap."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(fixed=fixed, signed=signed, clock=clock, url=as_path, query=as_query)
    return made


def page(template: str, **values: Any) -> str:
    """The text of a template; what a file's name or text has that is no Unicode is shown as `?`."""
    return environment().get_template(template).render(**values).encode("utf-8", "replace").decode()


def fixed(value: Any, digits: int = 4) -> str:
    """A number with so many decimals; a dash for none.

    >>> fixed(0.98765), fixed(None), fixed(float("nan"))
    ('0.9877', '–', '–')
    """
    if value is None or not math.isfinite(float(value)):
        return "–"
    return f"{float(value):.{digits}f}"


def signed(value: Any) -> str:
    """A difference.

    >>> signed(0.01), signed(-0.2), signed(None)
    ('+0.0100', '-0.2000', '–')
    """
    return "–" if value is None or not math.isfinite(float(value)) else f"{float(value):+.4f}"


def clock(seconds: float) -> str:
    """Time as one reads it.

    >>> clock(8), clock(75), clock(3700), clock(200_000)
    ('8 s', '1 min 15 s', '1 h 1 min', '2 d 7 h')
    """
    whole = round(seconds)
    for size, name, lower, below in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // lower} {below}"
    return f"{whole} s"


def as_path(name: str) -> str:
    """A run's name within an address."""
    return quote(name, errors="replace")


def as_query(values: dict[str, Any]) -> str:
    """What follows `?`; what is None or empty is left out.

    >>> as_query({"q": "a b", "page": None, "run": ["x", "y"]})
    'q=a+b&run=x&run=y'
    """
    return urlencode(
        {key: value for key, value in values.items() if value not in (None, "")}, doseq=True, errors="replace"
    )
