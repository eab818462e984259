"""What 3-axis motion sensors measure, taken apart: magnitude, gravity and the body's own motion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from holdfast.prepare.base import Preparation
from holdfast.prepare.beside import Beside, OfChannels
from holdfast.recipe.channels import Triple, triples
from holdfast.recipe.registry import component

ORDER = 3  # of the Butterworth filter, as Anguita et al. (2013)


def norms(X: np.ndarray, groups: Sequence[Triple]) -> np.ndarray:
    """Euclidean norm of each group of channels, `(n, steps, groups)`.

    >>> norms(np.array([[[2.0, 3.0, 6.0]]]), [(0, 1, 2)]).ravel()
    array([7.])
    """
    return np.stack([np.sqrt((X[:, :, list(group)] ** 2).sum(axis=2)) for group in groups], axis=2)


def slow_and_rest(X: np.ndarray, rate: float, cutoff: float) -> np.ndarray:
    """Each channel below `cutoff` (of `rate`, both in Hz), then what is left of each, `(n, steps, 2·channels)`.

    Without delay. The window is mirrored at its ends: that keeps its mean, and a strong motion at an end does
    not pass for gravity. A gap makes the whole series a gap.
    """
    from scipy.signal import butter, sosfiltfilt

    sections = butter(ORDER, cutoff, fs=rate, output="sos")
    wide = X.astype(np.float64)
    slow = sosfiltfilt(sections, wide, axis=1, padtype="even", padlen=X.shape[1] - 1)
    return np.concatenate([slow, wide - slow], axis=2)


@component("magnitude")
class Magnitude(Preparation):
    """Add the Euclidean norm of each 3-axis group, which does not depend on how the sensor is turned."""

    axes: tuple[tuple[str | int, str | int, str | int], ...] = Field(
        (), description="groups of three channels, by names or positions; empty: found from names in x, y, z"
    )

    def build(self, names: tuple[str, ...]) -> Beside:
        groups = triples(names, self.axes, "prepare.magnitude.axes")
        return Beside(partial(norms, groups=groups), range(len(names)))


@component("gravity")
class Gravity(OfChannels):
    """Add the slow part of each channel (gravity) and the rest (the body's motion).

    A zero-phase low-pass Butterworth filter parts them (Anguita et al. 2013). Close gaps before it.
    """

    rate: float = Field(gt=0, description="samples a second, in Hz", examples=[50.0])
    cutoff: float = Field(0.3, gt=0, description="what is slower than this, in Hz, is gravity")

    @model_validator(mode="after")
    def _below_half_the_rate(self) -> Self:
        if self.cutoff >= self.rate / 2:
            raise ValueError(
                f"cutoff: expected less than half of rate ({self.rate / 2:g}), got {self.cutoff:g}"
            )
        return self

    def build(self, names: tuple[str, ...]) -> Beside:
        return Beside(partial(slow_and_rest, rate=self.rate, cutoff=self.cutoff), self.places(names))
