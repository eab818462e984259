"""What a planted fault is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from twins import even, predicted

from holdfast.check.base import Check, Finding, Seen, When

LEVELS = ("weak", "ordinary", "strong")
Plant = Callable[[Seen, float, np.random.Generator], Seen]
Twin = Callable[[str, int], Seen]


@dataclass(frozen=True)
class Fault:
    """A fault that the check of `code` must find in data of a `kind`, planted in a clean twin.

    `strengths`: of `what`, weak, ordinary and strong; those from the ordinary on must be found. One alone is ordinary.
    """

    code: str
    kind: str
    what: str
    strengths: tuple[float, ...]
    twin: Twin
    plant: Plant

    def __str__(self) -> str:
        return f"{self.code} {self.kind}: {self.what}"

    @property
    def levels(self) -> dict[str, float]:
        return dict(zip(LEVELS if len(self.strengths) > 1 else LEVELS[1:], self.strengths))

    def planted(self, strength: float, seed: int) -> Seen:
        rng = np.random.default_rng([seed, 9])
        return replace(self.plant(self.twin(self.kind, seed), strength, rng), held={})

    def finding(self, checks: dict[str, type[Check]], strength: float, seed: int) -> Finding:
        """What its check says of it."""
        return checks[self.code]().run(self.planted(strength, seed))


def asked_of(twin: Twin) -> tuple[When, ...]:
    """The checks that look at a clean twin; those of data and folds have seen the same data without predictions."""
    return ("oof",) if twin in (predicted, even) else ("data", "folds")
