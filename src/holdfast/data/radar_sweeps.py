"""A radar's sweep (ray, gate) brought onto a square grid around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from holdfast import radar
from holdfast.data.radar_spec import RadarFiles
from holdfast.errors import BadInput


def gridded(path: Path, spec: RadarFiles, name: str) -> tuple[np.ndarray, str]:
    """One frame `(1, h, w)`, north up, of the nearest gate to each pixel, NaN out of reach; and the text of its unit.

    xradar reads the sweep and finds where its gates lie (a beam in the standard atmosphere).
    """
    radar.xradar()
    try:
        sweep = radar.xarray().open_dataset(path, engine="odim", group=f"sweep_{spec.sweep}")
        with sweep:
            values = sweep[name].load()
            placed = sweep.xradar.georeference()
            away = np.hypot(placed.x.values, placed.y.values)
    except Exception as error:  # each reader raises its own kinds
        said = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise BadInput(f"{path}: sweep {spec.sweep} cannot be read by xradar: {said}") from None
    azimuth = values.azimuth.values
    order = np.argsort(azimuth)
    frame = _nearest(values.values[order], azimuth[order], away.mean(axis=0), spec.cell)
    return frame[None], str(values.attrs.get("units", ""))


def _nearest(values: np.ndarray, azimuth: np.ndarray, away: np.ndarray, cell: float) -> np.ndarray:
    """Values `(ray, gate)` at the pixels of a grid of cells of `cell` metres; `away`: ground distance of each gate."""
    half = int(away[-1] // cell)
    steps = np.arange(-half, half + 1) * cell
    x, y = np.meshgrid(steps, steps[::-1])
    distance, angle = np.hypot(x, y), np.degrees(np.arctan2(x, y)) % 360
    ray = _closest(np.r_[azimuth[-1] - 360, azimuth, azimuth[0] + 360], angle)
    gate = _closest(away, distance)
    out: np.ndarray[Any, Any] = values[(ray - 1) % len(azimuth), gate].astype(np.float32)
    out[distance > away[-1]] = np.nan
    return out


def _closest(places: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The number of the nearest of sorted places."""
    above = np.clip(np.searchsorted(places, at), 1, len(places) - 1)
    return above - (at - places[above - 1] < places[above] - at)
