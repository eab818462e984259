"""What only frames have: how many go in and out, how much of them is wet; and the unit of their numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.data.frame_survey import WET
from holdfast.data.frames import MANY
from holdfast.data.units import Unit
from holdfast.plan.answers import Answers, Found, question
from holdfast.plan.frame_files import FrameParts

RATES = 5.0  # mm/h that the middle of the wet pixels stays below in radar composites; values of dBZ lie above


@dataclass(frozen=True)
class FrameFacts:
    """`frames` go in, `leads` (None: not known) come out, of `size` (height, width).

    `wet`: share of the measured pixels with rain, None while the unit is a question; `missing`: share not measured.
    """

    frames: int
    leads: int | None
    size: tuple[int, int]
    wet: float | None
    missing: float

    @property
    def said(self) -> str:
        height, width = self.size
        each = f"{self.frames} frame{'' if self.frames == 1 else 's'} {height} × {width}"
        if self.leads is None:
            return f"{each}, some of the last to predict"
        return f"{each}, the next {self.leads} to predict"

    def lines(self) -> list[str]:
        """How wet the pixels are, and how many are missing."""
        made = [] if self.wet is None else [f"{self.wet:.1%} of pixels wet ({WET} mm/h and more)"]
        return made + ([f"{self.missing:.1%} of pixels missing"] if self.missing else [])


def look_at_frames(parts: FrameParts, unit: Found) -> FrameFacts:
    """The facts, by some of the training samples."""
    axes = parts.axes
    if unit.is_open:
        return FrameFacts(axes.frames, axes.leads, axes.size, None, 0.0)
    rain = Unit.of_text(str(unit.value)).rain(parts.read())
    there = np.isfinite(rain)
    seen = int(there.sum())
    wet = float((rain[there] >= WET).mean()) if seen else 0.0
    return FrameFacts(axes.frames, axes.leads, axes.size, wet, 1 - seen / max(rain.size, 1))


def notes_of_frames(parts: FrameParts, unit: Found) -> list[str]:
    """What was seen that may be meant otherwise: long sequences, and a code that may stand for "not measured"."""
    notes = []
    if parts.axes.frames > MANY:
        notes.append(
            f"each sample holds {parts.axes.frames} frames before those to predict; to cut long sequences into windows,"
            " say so, as in cut: {stride: 1}"
        )
    if parts.dtype.kind == "f" or unit.is_open or Unit.of_text(str(unit.value)).missing is not None:
        return notes
    codes, top = parts.read(), np.iinfo(parts.dtype).max
    share = float((codes == top).mean())
    if share > 0 and codes[codes < top].max(initial=0) < top / 2:
        notes.append(
            f"{share:.1%} of the codes are {top}, far above all others: where that is what was not measured, say"
            f" unit: {unit.value} (missing={top})"
        )
    return notes


def find_unit(parts: FrameParts, answers: Answers) -> Found:
    """What the numbers stand for: answered, evident, or a question.

    Codes in whole numbers may stand for anything; fractions are rain rates where they look like those.
    """
    if answers.unit is not None:
        return Found(answers.unit, given=True)
    asked = "what a number stands for, as 0.01 mm/h or 0.5 dBZ - 32 (the latter: a code's value is 0.5 · code - 32 dBZ)"
    if parts.dtype.kind != "f":
        return question(asked, f"the frames hold whole numbers ({parts.dtype}), which do not tell")
    values = parts.read()
    values = values[np.isfinite(values)]
    wet = values[values > 0]
    if len(wet) and values.min() >= 0 and np.median(wet) < RATES:
        why = f"fractions from 0 to {values.max():.3g}, half of those above 0 below {np.median(wet):.2g}: rates of rain"
        return Found("mm/h", why)
    return question(asked, "the frames hold fractions that are no rates of rain")
