"""What the data are like, in numbers: samples, units, classes, gaps, steps, channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from holdfast.data.long import fit_grid, numbers64
from holdfast.plan.frame_facts import FrameFacts
from holdfast.plan.guess_photos import PhotoFacts
from holdfast.plan.look import ArrayFile, TableFile
from holdfast.plan.measure import Classes
from holdfast.plan.roles import Roles
from holdfast.recipe.channels import triples_by_name

SOME_WINDOWS = 4096  # of a large array, evenly spread, in which gaps are counted


@dataclass(frozen=True)
class Facts:
    """`gaps`: share of values missing, those of missing rows included; `lost_rows`: share of rows missing.

    `one_range`: a table whose columns all come scaled to [-1, 1] or [0, 1]. `triples`: groups x, y, z among the
    channels, by name or, where an array has no names, by position. `photos`, `frames`: what only those have.
    """

    kind: str
    samples: int
    to_predict: int | None
    features: int
    steps: int | None
    gaps: float
    lost_rows: float
    group: str | None
    units: int | None
    classes: Classes | None
    real: tuple[float, float, float] | None  # least, median and greatest value of a real target
    one_range: bool = False
    triples: tuple[tuple[str | int, ...], ...] = ()
    photos: PhotoFacts | None = None
    frames: FrameFacts | None = None

    def lines(self) -> list[str]:
        """The facts in sentences, for the recipe's head and the summary."""
        if self.kind == "windows":
            what = f"{self.samples:,} windows of {self.steps:,} steps, {self.features:,} channels"
        elif self.photos is not None:
            what = f"{self.samples:,} photos, height × width {self.photos.seen}"
        elif self.frames is not None:
            what = f"{self.samples:,} samples of {self.frames.said}"
        else:
            what = f"{self.samples:,} rows, {self.features:,} features"
        asked = "none to predict" if self.to_predict is None else f"{self.to_predict:,} to predict"
        if self.frames is not None:
            asked = "no test samples" if self.to_predict is None else f"{self.to_predict:,} test samples"
        lines = [f"{what}; {asked}"]
        if self.frames is not None:
            lines += self.frames.lines()
        if self.gaps:
            rows = f" (rows that are not there: {self.lost_rows:.1%})" if self.lost_rows else ""
            lines.append(f"{self.gaps:.1%} of the values are missing{rows}")
        if self.units is not None:
            lines.append(f"{self.units:,} independent units ({self.group})")
        else:
            lines.append(
                "no groups known: samples count as independent units; where they are not, scores are too good"
            )
        if self.classes is not None:
            lines.append(f"{len(self.classes.names):,} classes; {self._rarest(self.classes)}")
        if self.real is not None:
            low, middle, high = self.real
            lines.append(f"target from {low:g} to {high:g}, median {middle:g}")
        return lines

    def _rarest(self, classes: Classes) -> str:
        code = int(np.argmin(classes.rows))
        groups = f" in {classes.units[code]:,} of {self.units:,} groups" if self.units is not None else ""
        return f"the rarest is {classes.names[code]}, with {classes.rows[code]:,} of {self.samples:,}{groups}"


def gather(
    roles: Roles, features: list[str], time: str | None, target: str | None, kind: str | None,
    group: str | None, classes: Classes | None, photos: PhotoFacts | None = None,
) -> Facts:  # fmt: skip
    """All facts of a folder."""
    if isinstance(roles.train, ArrayFile):
        steps: int | None
        channels, steps, gaps, lost = _of_array(roles.train)
    elif roles.kind == "windows":
        channels = len(features)
        steps, gaps, lost = _of_long(roles.train, str(roles.id), time, features)
    else:
        channels, steps, lost = len(features), None, 0.0
        gaps = float(roles.train.frame[features].isna().to_numpy().mean()) if features else 0.0
    real = None
    if target is not None and kind == "real":
        values = pd.to_numeric(roles.side.frame[target])
        real = (float(values.min()), float(values.median()), float(values.max()))
    return Facts(
        roles.kind, len(roles.side), to_predict(roles), channels, steps, gaps, lost, group,
        None if group is None else len(roles.side.different(group)), classes, real,
        one_range=isinstance(roles.train, TableFile) and roles.kind == "table" and _one_range(roles.train.frame[features]),
        triples=_triples(features, channels) if roles.kind == "windows" else (), photos=photos,
    )  # fmt: skip


def _triples(names: list[str], channels: int) -> tuple[tuple[str | int, ...], ...]:
    """By name; where names do not tell, a multiple of three channels is taken as groups of three in their order."""
    if found := triples_by_name(names):
        return tuple(tuple(names[i] for i in group) for group in found)
    whole = channels if channels % 3 == 0 else 0
    every: list[str] | list[int] = names or list(range(channels))
    return tuple(tuple(every[i : i + 3]) for i in range(0, whole, 3))


def _one_range(columns: pd.DataFrame) -> bool:
    """Whether columns look scaled by their extremes: none beyond ±1, most spanning half of that or more."""
    if not columns.shape[1]:
        return False
    low, high = columns.min(), columns.max()
    return bool(low.min() >= -1 and high.max() <= 1 and (high - low).median() >= 1)


def _of_array(file: ArrayFile) -> tuple[int, int, float, float]:
    array = file.array
    some = array[:: -(-len(array) // SOME_WINDOWS)]
    gaps = float(np.isnan(some).mean()) if some.dtype.kind == "f" else 0.0
    return (array.shape[2] if array.ndim == 3 else 1), array.shape[1], gaps, 0.0


def _of_long(
    table: TableFile, id_column: str, time: str | None, channels: list[str]
) -> tuple[int, float, float]:
    """Steps of the grid that the reader will lay, share of values and of rows that it will find empty."""
    codes = table.codes(id_column)
    if time is None:
        times = np.arange(len(codes), dtype=np.float64)
        steps = int(np.bincount(codes).max())
    else:
        times = numbers64(table.path, table.frame, time)
        order = np.lexsort((times, codes))
        steps = fit_grid(codes[order], times[order]).steps
    places = (int(codes.max()) + 1) * steps
    values = int(table.frame[channels].notna().to_numpy().sum())
    return steps, 1 - values / (places * len(channels)), 1 - len(codes) / places


def to_predict(roles: Roles) -> int | None:
    if isinstance(roles.test, ArrayFile):
        return len(roles.test)
    if isinstance(roles.test, TableFile):
        return len(roles.test.distinct(roles.id)) if roles.id else len(roles.test)
    return None
