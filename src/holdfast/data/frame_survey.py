"""What stands in frames: how much rain, how much is missing, and what cannot be. Found once, and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.cache import filled_array, new_map
from holdfast.data.columns import some
from holdfast.data.frame_samples import Samples
from holdfast.data.frame_source import FrameSource
from holdfast.errors import BadInput
from holdfast.store.hashes import hash_arrays, hash_file, hash_value

VERSION = 1  # raise when the same frames are surveyed otherwise
WET = 0.1  # mm/h from which on it rains, as in most verification of nowcasts
MOST = 1000.0  # mm/h; the records of one minute lie near 2,000, of ten minutes below 1,000 (WMO)
STRAY, SHARE = 3, 0.01  # so many pixels, or this share of the wet ones, may lie beyond it: echoes of no rain
FAINT = 1.0  # mm/h that something reaches in any set of rain
UNMEASURED = 0.5  # share of samples without a measured pixel from which on it is an error
NEGATIVE = -1e-3  # mm/h; nearer to 0 it is rounding
STATS = ("wet", "seen", "grid_seen", "lowest", "highest", "beyond", "wet_pixels", "rain")


@dataclass(frozen=True)
class Survey:
    """A row a sample.

    `wet`: share of the input pixels with rain; `seen`, `grid_seen`: shares of pixels measured, of the inputs and of
    the grid to predict (1 where there is none); `lowest`, `highest`: mm/h over both; `beyond`: pixels over `MOST`;
    `rain`: mean of the last input frame and the grid. `hash`: of all files' contents.
    """

    table: np.ndarray
    hash: str

    def __getitem__(self, name: str) -> np.ndarray:
        return self.table[:, STATS.index(name)]

    def take(self, rows: np.ndarray) -> Survey:
        return Survey(self.table[rows], self.hash)


def survey(source: FrameSource, grids: FrameSource | None) -> Survey:
    """Read all samples once, one at a time; found again by the stamps of the files."""
    key = [
        "survey",
        VERSION,
        STATS,
        [one.stamp for one in source.files],
        [one.layout for one in source.files],
    ]
    key += [hash_arrays(source.index), source.first, source.frames, source.size, source.unit.text]
    key.append(None if grids is None else (grids.first, grids.frames))

    def fill(draft: Path) -> dict[str, Any]:
        made = new_map(draft, (len(source), len(STATS)), np.float64)
        for row in range(len(source)):
            made[row] = _stats(source[row], None if grids is None else grids[row])
        made.flush()
        return {"hash": hash_value([hash_file(one.path) for one in source.files])}

    table, facts = filled_array(key, fill)
    return Survey(np.array(table), facts["hash"])


def _stats(inputs: np.ndarray, grid: np.ndarray | None) -> list[float]:
    """A row of the table, of one sample's inputs `(t, h, w)` and grid `(leads, h, w)`."""
    both = [inputs] if grid is None else [inputs, grid]
    gaps = [np.count_nonzero(np.isnan(one)) for one in both]
    lowest = [(np.fmin.reduce(one, axis=None) if lost else one.min()) for one, lost in zip(both, gaps)]
    highest = [(np.fmax.reduce(one, axis=None) if lost else one.max()) for one, lost in zip(both, gaps)]
    wet = [np.count_nonzero(one >= WET) for one in both]
    beyond = sum(np.count_nonzero(one > MOST) for one, top in zip(both, highest) if top > MOST)
    seen = [1 - lost / one.size for one, lost in zip(both, gaps)]
    last = [inputs[-1:]] if grid is None else [inputs[-1:], grid]
    rain = sum(np.nansum(one, dtype=np.float64) for one in last) / sum(one.size for one in last)
    stats = {
        "wet": wet[0] / inputs.size,
        "seen": seen[0],
        "grid_seen": 1.0 if grid is None else seen[1],
        "lowest": np.fmin.reduce(lowest),
        "highest": np.fmax.reduce(highest),
        "beyond": beyond,
        "wet_pixels": sum(wet),
        "rain": rain,
    }
    return [float(stats[name]) for name in STATS]


def refuse(found: Survey, field: str, where: Callable[[int], str], unit: str) -> None:
    """Raises BadInput for rain that cannot be; `where` names a sample."""
    highest, lowest = found["highest"], found["lowest"]
    if len(rows := np.flatnonzero(np.isinf(highest))):
        raise BadInput(
            f"data.{field}: {_first(rows, where)}: infinite values; write NaN where nothing was measured"
        )
    if len(rows := np.flatnonzero(lowest < NEGATIVE)):
        row = rows[lowest[rows].argmin()]
        raise BadInput(
            f"data.{field}: {_first(rows, where)}: negative rain, down to {lowest[row]:g} mm/h in {where(row)} by"
            f" data.unit {unit!r}; where that is the code of what was not measured, say it in the unit: (missing=…)"
        )
    beyond = found["beyond"]
    if len(rows := np.flatnonzero(beyond > np.maximum(SHARE * found["wet_pixels"], STRAY))):
        row = rows[highest[rows].argmax()]
        raise BadInput(
            f"data.unit: {unit!r} makes {highest[row]:,.0f} mm/h of the largest value ({where(row)}), and"
            f" {int(beyond[rows].sum()):,} pixels of {_first(rows, where)} are over {MOST:,.0f} mm/h, which no rain is;"
            f" say the unit of data.{field}, as '0.01 mm/h', or the code of what was not measured: (missing=…)"
        )


def remarks(found: Survey, called: str, unit: str) -> list[str]:
    """What is worth saying of samples that can be used."""
    notes = []
    highest = found["highest"]
    if dry := int((highest <= 0).sum()):
        notes.append(f"{dry} of {len(highest)} {called} hold no rain at all")
    lost = 1 - found["seen"].mean()
    if lost > 0:
        notes.append(f"{lost:.2%} of the input pixels of {called} are missing")
    top = float(np.fmax.reduce(highest, initial=0))
    if stray := int(found["beyond"].sum()):
        notes.append(f"{stray} stray pixels of {called} are over {MOST:,.0f} mm/h, up to {top:,.0f}")
    if 0 < top < FAINT:
        notes.append(f"the most rain in {called} is {top:.3g} mm/h by the unit {unit!r}; is it right?")
    return notes


def kept(
    samples: Samples, seen: Survey, min_rain: float, unit: str, notes: list[str]
) -> tuple[Samples, Survey]:
    """Training samples that teach: something measured in inputs and grid, and so much rain. Raises BadInput for none."""
    blind = (seen["seen"] == 0) | (seen["grid_seen"] == 0)
    if blind.any():
        names = _first(np.flatnonzero(blind), samples.where)
        if blind.mean() > UNMEASURED:
            raise BadInput(
                f"data.unit: {int(blind.sum())} of {len(blind)} training samples have no measured pixel in the inputs or"
                f" in what is to be predicted ({names}); is {unit!r} right about what is missing?"
            )
        notes.append(f"training samples without a measured pixel in inputs or target are left out: {names}")
    dull = (seen["wet"] < min_rain) & ~blind
    if dull.any():
        notes.append(
            f"{int(dull.sum())} of {len(dull)} windows have less rain than data.cut.min_rain and are left out"
        )
    rows = np.flatnonzero(~blind & ~dull)
    if not len(rows):
        raise BadInput(
            f"data.cut.min_rain: no window of {samples.path} has so much rain; the wettest has {seen['wet'].max():.3f}"
        )
    return samples.take(rows), seen.take(rows)


def _first(rows: np.ndarray, where: Callable[[int], str]) -> str:
    return some([where(row) for row in rows])
