"""HF304 and HF306: groups whose values are in another unit, or whose steps are of another length in time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.check.apart import group_levels, lone_side
from holdfast.check.base import Check, Finding, Seen, Severity
from holdfast.check.channel_facts import ChannelFacts, facts_of
from holdfast.data.columns import some

# A jump smaller than this is how groups differ: people move, and events rain, at very different strengths.
LEAST = {"table": 3.0, "windows": 3.0, "images": 20.0, "frames": 30.0}
RATE = 1.6  # a common other rate is half or double
ROWS_EACH = 2  # samples that a group needs to have a level
UNITS = {
    3.6: "km/h and m/s",
    9.80665: "m/s² and g",
    57.2958: "degrees and radians",
    60.0: "minutes and seconds",
    100.0: "percent and shares, or cm and m",
    255.0: "0–255 and 0–1",
    1000.0: "thousandths and ones",
    1e6: "millionths and ones",
}
NEAR = 0.2  # how far a factor may lie from that of known units


def unit_of(factor: float) -> str:
    """What units a factor may come from; empty where none is known.

    >>> unit_of(9.5), unit_of(1 / 1040), unit_of(17.0)
    ('m/s² and g', 'thousandths and ones', '')
    """
    size = factor if factor >= 1 else 1 / factor
    name, value = min(
        ((name, value) for value, name in UNITS.items()), key=lambda one: abs(np.log(size / one[1]))
    )
    return name if abs(np.log(size / value)) <= np.log1p(NEAR) else ""


def jumps(
    values: np.ndarray, y: np.ndarray | None, groups: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """`(groups, channels)`: which groups' values `(n, channels)` are apart from the others' by a factor, and the factor.

    `groups`: codes. Groups with fewer than 2 samples are left out.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = group_levels(np.log(values), y, groups)
    levels[np.bincount(groups) < ROWS_EACH] = np.nan
    apart = np.stack([lone_side(column, np.log(least)) for column in levels.T], axis=1)
    factor = np.ones_like(levels)
    for c in np.flatnonzero(apart.any(axis=0)):
        factor[:, c] = np.exp(levels[:, c] - np.nanmedian(levels[~apart[:, c], c]))
    return apart, factor


def coded(seen: Seen, facts: ChannelFacts) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Names of the groups, the code of each sample looked at, and its class."""
    assert seen.train.groups is not None
    names, groups = np.unique(seen.train.groups[facts.rows], return_inverse=True)
    return names, groups, seen.truth[facts.rows] if seen.target.kind == "classes" else None


class UnitJumps(Check):
    """Groups whose values are larger or smaller than all others' by a factor, as files in another unit are."""

    code: ClassVar[str] = "HF304"
    name: ClassVar[str] = "another unit"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"

    def look(self, seen: Seen) -> Finding:
        if seen.train.groups is None:
            return self.not_applicable("no groups are known")
        facts = facts_of(seen)
        names, groups, y = coded(seen, facts)
        apart, factor = jumps(facts.rms, y, groups, LEAST[seen.train.kind])
        if not apart.any():
            return self.passed(
                f"no group's values are apart from all others' by {LEAST[seen.train.kind]:g} times"
            )
        told = [
            self._told(seen, names, apart[:, c], factor[:, c], c) for c in np.flatnonzero(apart.any(axis=0))
        ]
        return self.found(
            f"the values of some groups are of another size than all others': {some(told)}",
            "bring all groups to one unit before training",
            names[apart.any(axis=1)],
        )

    def _told(self, seen: Seen, names: np.ndarray, apart: np.ndarray, factor: np.ndarray, c: int) -> str:
        middle = float(np.exp(np.mean(np.log(factor[apart]))))
        size = f"{middle:.3g} times" if middle >= 1 else f"1/{1 / middle:.3g} times"
        unit = unit_of(middle)
        return f"{seen.train.names[c]} of {some(names[apart])} {size}" + (f" ({unit}?)" if unit else "")


class RateJumps(Check):
    """Groups whose windows run faster, slower, longer or shorter than all others': another sampling rate."""

    code: ClassVar[str] = "HF306"
    name: ClassVar[str] = "another sampling rate"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"
    kinds: ClassVar[tuple[str, ...]] = ("windows",)

    def look(self, seen: Seen) -> Finding:
        if seen.train.groups is None:
            return self.not_applicable("no groups are known")
        facts = facts_of(seen)
        names, groups, y = coded(seen, facts)
        told: dict[str, str] = {}
        for what, values in (("steps a window", facts.length), ("change from step to step", facts.pace)):
            apart, factor = jumps(_middle(values), y, groups, RATE)
            for g in np.flatnonzero(apart[:, 0]):
                told.setdefault(str(names[g]), f"{names[g]}: {factor[g, 0]:.2g} times the {what}")
        if not told:
            return self.passed(
                f"no group's windows differ from all others' in length or pace by {RATE:g} times"
            )
        return self.found(
            f"the windows of some groups run at another pace: {some(list(told.values()))}",
            "find out their sampling rate and bring all to one (prepare: resample), or check how they were cut",
            list(told),
        )


def _middle(values: np.ndarray) -> np.ndarray:
    """Geometric mean over channels of `(m, channels)`, `(m, 1)`; NaN where no channel moves."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(values)
    known = np.isfinite(logs)
    total = np.where(known, logs, 0).sum(axis=1, keepdims=True) / np.maximum(
        known.sum(axis=1, keepdims=True), 1
    )
    return np.where(known.any(axis=1, keepdims=True), np.exp(total), np.nan)


CHECKS = (UnitJumps, RateJumps)
