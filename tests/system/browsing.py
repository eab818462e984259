"""What a page in a browser is asked: what went wrong, whom it leaves out, whether it fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PHONE = 390  # pixels of a common phone's width
GRAVE = ("serious", "critical")
# what a page shows of its charts: those without a mark in them
EMPTY_CHARTS = """() => [...document.querySelectorAll('[data-chart]')].filter(
  (box) => box.querySelectorAll('svg path, svg rect, svg circle, svg line, svg text').length < 5
).map((box) => box.dataset.chart)"""


@dataclass
class Watched:
    """What went wrong on a page, and what it asked for, in order."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def watch(page: Any) -> Watched:
    """Note errors and warnings of the console, exceptions and every request of a page; call it before `goto`."""
    seen = Watched()

    def told(message: Any) -> None:
        if message.type in ("error", "warning"):
            seen.errors.append(message.text)

    page.on("console", told)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    return seen


def grave_faults(page: Any, axe: str) -> list[str]:
    """What axe-core finds serious or critical: rule, what it is about, and the first places."""
    page.evaluate(axe)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: "
        + "; ".join(str(node["target"]) for node in one["nodes"][:5])
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]


def scrolls_sideways(page: Any) -> bool:
    """Whether the page as a whole is wider than its window."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth"))


def empty_charts(page: Any) -> list[str]:
    """The charts, boxes with `data-chart`, in which nothing is drawn."""
    return list(page.evaluate(EMPTY_CHARTS))
