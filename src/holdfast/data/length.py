"""Windows of unequal lengths, brought to one."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from holdfast.recipe.strict import Strict


class Length(Strict):
    """How long every window becomes: longer ones are cropped, shorter ones padded with gaps (NaN)."""

    steps: int = Field(ge=1, description="steps of every window")
    crop: Literal["start", "center", "end"] = Field(
        "start", description="which part of a longer window is kept"
    )
    pad: Literal["end", "both"] = Field(
        "end", description="where a shorter window is padded; both: evenly, so that it stands in the middle"
    )

    def shifts(self, lengths: np.ndarray) -> np.ndarray:
        """By how many steps windows of these lengths move on in time; negative where their start is cropped.

        >>> Length(steps=4, crop="end", pad="both").shifts(np.array([2, 4, 7]))
        array([ 1,  0, -3])
        """
        spare = self.steps - lengths
        crop = {"start": np.zeros_like(spare), "center": -(-spare // 2), "end": spare}[self.crop]
        pad = np.zeros_like(spare) if self.pad == "end" else spare // 2
        return np.where(spare < 0, crop, pad)


def with_length(X: np.ndarray, length: Length) -> np.ndarray:
    """Windows `(n, steps, channels)` of the given length, float32; gaps at a window's end are none of its steps."""
    missing = np.isnan(X).all(axis=2)
    trailing = np.where(missing.all(axis=1), 0, (~missing)[:, ::-1].argmax(axis=1))
    ends = X.shape[1] - trailing
    out = np.full((len(X), length.steps, X.shape[2]), np.nan, dtype=np.float32)
    for window, made, end, shift in zip(X, out, ends, length.shifts(ends)):
        source, place = max(-shift, 0), max(shift, 0)
        count = min(end - source, length.steps - place)
        made[place : place + count] = window[source : source + count]
    return out
