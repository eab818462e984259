"""Sequences of frames from radar files: one step or several a file, in time, gaps as missing frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.cache import filled_array, new_map
from holdfast.data.columns import some
from holdfast.data.frame_source import Stored, stamp_of, stored
from holdfast.data.radar_formats import frames, head
from holdfast.data.radar_spec import AUTO, FORMATS, Head, RadarFiles
from holdfast.data.units import Unit
from holdfast.errors import BadInput

VERSION = 1  # raise when the same files give other frames
OFF_CLOCK = 0.25  # share of a step that a frame's time may stand off from the clock
EMPTY = 0.5  # share of a sequence that may be missing

MM_PER_H = {
    "mm/h": 1.0, "mm/hr": 1.0, "mm/hour": 1.0, "mmh-1": 1.0, "mmhr-1": 1.0, "kgm-2h-1": 1.0, "kg/m2/h": 1.0,
    "mm/s": 3600.0, "mms-1": 3600.0, "kgm-2s-1": 3600.0, "kg/m2/s": 3600.0, "m/s": 3.6e6, "ms-1": 3.6e6,
}  # fmt: skip


def is_radar(path: Path, spec: RadarFiles) -> bool:
    """Whether a file is to be read as radar: by its ending, or any where the format is named."""
    return path.is_file() and (spec.format != AUTO or path.suffix.lower() in FORMATS)


def steps_in(path: Path, spec: RadarFiles) -> int:
    return _head(path, spec).steps


def packed_sequence(
    paths: Sequence[Path], field: str, spec: RadarFiles, step: float, notes: list[str]
) -> tuple[Stored, float]:
    """Files of one event as one memory map `(t, h, w)` in mm/h in the cache, and the minutes at its first frame.

    Where all files know their times, frames stand `step` minutes apart, and those that are not there are NaN;
    else they are taken in the order of the files' names. Raises BadInput.
    """
    key = ["radar", VERSION, spec.model_dump(mode="json"), step, [stamp_of(path) for path in paths]]
    mapped, facts = filled_array(key, lambda draft: _fill(draft, paths, field, spec, step))
    notes += facts["notes"]
    assert isinstance(mapped, np.memmap)
    return stored(Path(str(mapped.filename)), field, (3,), "thw"), float(facts["start"])


def _fill(draft: Path, paths: Sequence[Path], field: str, spec: RadarFiles, step: float) -> dict[str, Any]:
    heads = [_head(path, spec) for path in paths]
    places, start, notes = _places(paths, heads, field, step)
    made, at = None, 0
    for path in paths:
        for rain in _rain(path, spec):
            if made is None:
                made = new_map(draft, (int(places.max()) + 1, *rain.shape[1:]), np.float32)
                made[:] = np.nan
            if rain.shape[1:] != made.shape[1:]:
                raise BadInput(
                    f"data.{field}: {path} holds frames of {rain.shape[1:]}, {paths[0]} of {made.shape[1:]}"
                )
            made[places[at : at + len(rain)]] = rain
            at += len(rain)
    assert made is not None
    made.flush()
    return {"start": start, "notes": notes}


def _places(
    paths: Sequence[Path], heads: Sequence[Head], field: str, step: float
) -> tuple[np.ndarray, float, list[str]]:
    """Where each frame stands in the sequence, the minutes at its start, and what to say of it."""
    event = paths[0].parent if len(paths) > 1 else paths[0]
    times = [head.times for head in heads if head.times is not None]
    if len(times) < len(heads):
        steps = sum(head.steps for head in heads)
        said = [] if steps == 1 else [f"{event.name}: frames are taken in order, as no times are known"]
        return np.arange(steps), 0.0, said
    minutes = np.concatenate(times)
    start = float(minutes.min())
    away = (minutes - start) / step
    places = np.round(away).astype(np.int64)
    owner = np.repeat(np.arange(len(paths)), [head.steps for head in heads])
    if (off := np.abs(away - places) > OFF_CLOCK).any():
        row = int(np.flatnonzero(off)[0])
        raise BadInput(
            f"data.step: {paths[owner[row]]} has a frame {minutes[row] - start:g} minutes after the first of {event},"
            f" between the frames of every {step:g} minutes; the files are {_usual(minutes):g} minutes apart"
        )
    values, counts = np.unique(places, return_counts=True)
    if (counts > 1).any():
        twice = owner[places == values[counts > 1][0]]
        raise BadInput(
            f"data.{field}: the same time twice in {event}: {', '.join(paths[one].name for one in twice)}"
        )
    lost = int(places.max()) + 1 - len(places)
    if lost > EMPTY * (places.max() + 1):
        raise BadInput(
            f"data.step: of {event}, {lost} of {places.max() + 1} frames of every {step:g} minutes are not there;"
            f" the files are {_usual(minutes):g} minutes apart"
        )
    return places, start, [f"{event.name}: {lost} missing frames are NaN"] if lost else []


def _usual(minutes: np.ndarray) -> float:
    return float(np.median(np.diff(np.sort(minutes)))) if len(minutes) > 1 else 0.0


# One file.


def _format(path: Path, spec: RadarFiles) -> str:
    return FORMATS.get(path.suffix.lower(), "") if spec.format == AUTO else spec.format


def _head(path: Path, spec: RadarFiles) -> Head:
    return head(path, _format(path, spec), spec)


def _rain(path: Path, spec: RadarFiles) -> Iterator[np.ndarray]:
    """The frames of a file in mm/h, `(steps, h, w)` float32, some at a time."""
    for values, said in frames(path, _format(path, spec), spec):
        yield (spec.unit or unit_said(said, path)).rain(values.astype(np.float32))


def unit_said(said: str, path: Path) -> Unit:
    """The unit that a file's text says. Raises BadInput where it is none of rain."""
    short = said.strip().replace(" ", "").replace("**", "").replace("^", "")
    if short.lower() == "dbz":
        return Unit(of="dBZ")
    if short in MM_PER_H:
        return Unit(of="mm/h", scale=MM_PER_H[short])
    if short == "mm":
        raise BadInput(
            f"{path} holds amounts (mm); say of how much rain an hour: data.radar.unit: '12 mm/h' where an amount is of"
            " 5 minutes"
        )
    what = f"{said!r} is no unit of rain" if said else "it states no unit"
    raise BadInput(
        f"{path}: {what}; say it: data.radar.unit: mm/h or dBZ; known in files: dBZ, {some(MM_PER_H)}"
    )
