"""Which of a fold's fits an event is of, where it has several: seeds, rounds of pseudo-labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Report = Callable[[dict[str, Any]], None]


def of_part(report: Report, part: str) -> Report:
    """A `report` whose events carry the part; a part within a part is named as a path.

    >>> of_part(of_part(print, "round-0"), "seed-1")({"event": "epoch"})
    {'event': 'epoch', 'part': 'round-0/seed-1'}
    """

    def tell(event: dict[str, Any]) -> None:
        report({**event, "part": f"{part}/{event['part']}" if "part" in event else part})

    return tell
