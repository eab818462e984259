"""The clock of windows that come from long tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """How times become positions: `step` apart, from a common `start` or (None) from each sample's first time.

    `step` None: irregular times, positions in order of time.
    """

    step: float | None
    start: float | None
    steps: int
