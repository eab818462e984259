"""Another sampling rate."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from holdfast.prepare.base import Preparation
from holdfast.prepare.interpolate import interpolate_gaps
from holdfast.recipe.registry import component

FINEST = 1000  # largest denominator of the ratio of the rates: a longer filter would gain nothing


def polyphase(X: np.ndarray, ratio: Fraction) -> np.ndarray:
    """`X` `(n, steps, channels)` at `ratio` times its rate, filtered against aliasing (scipy's resample_poly)."""
    from scipy.signal import resample_poly

    # less the line from first to last value, or the ends would ring against an offset
    return resample_poly(X, ratio.numerator, ratio.denominator, axis=1, padtype="line")


def linear(X: np.ndarray, ratio: Fraction) -> np.ndarray:
    """`X` `(n, steps, channels)` at `ratio` times its rate, on straight lines between neighbours.

    >>> linear(np.array([[[0.0], [2.0], [4.0]]]), Fraction(2)).ravel()
    array([0., 1., 2., 3., 4., 4.])
    """
    steps = X.shape[1]
    made = -(-steps * ratio.numerator // ratio.denominator)  # rounded up, as scipy does
    place = np.arange(made) * ratio.denominator / ratio.numerator
    low = np.minimum(place.astype(int), steps - 1)
    share = (place - low)[None, :, None].astype(X.dtype)
    return X[:, low] * (1 - share) + X[:, np.minimum(low + 1, steps - 1)] * share


class _Resampler:
    def __init__(self, ratio: Fraction, method: str, own: int):
        self.ratio, self.method, self.own = ratio, method, own

    def __getstate__(self) -> dict[str, Any]:
        """The ratio as two numbers, which any file can hold."""
        return {**self.__dict__, "ratio": [self.ratio.numerator, self.ratio.denominator]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        held = state["ratio"]  # of an older pickle itself a fraction
        self.__dict__.update({**state, "ratio": Fraction(*held) if isinstance(held, list) else held})

    def transform(self, X: np.ndarray) -> np.ndarray:
        closed = interpolate_gaps(X)  # a filter would spread a gap over all around it
        # what earlier steps added (a mask of gaps) stays within its bounds on straight lines
        parts = [closed[:, :, : self.own], closed[:, :, self.own :]]
        made = [polyphase if self.method == "polyphase" else linear, linear]
        return np.concatenate(
            [how(part, self.ratio).astype(X.dtype) for how, part in zip(made, parts) if part.shape[2]], axis=2
        )


@component("resample")
class Resample(Preparation):
    """Bring windows to another sampling rate; gaps are closed linearly on the way."""

    before_augment: ClassVar[bool] = True
    keeps_steps: ClassVar[bool] = False
    gaps: ClassVar[str] = "closed"

    rate: float = Field(gt=0, description="sampling rate of the data", examples=[50.0])
    to: float = Field(gt=0, description="sampling rate to bring them to, in the same unit", examples=[20.0])
    method: Literal["polyphase", "linear"] = Field(
        "polyphase", description="polyphase filters against aliasing; linear interpolates, and does not ring"
    )

    @property
    def ratio(self) -> Fraction:
        """New rate by old rate, in small numbers."""
        return Fraction(self.to / self.rate).limit_denominator(FINEST)

    @model_validator(mode="after")
    def _not_too_slow(self) -> Self:
        if self.ratio == 0:
            raise ValueError(
                f"to: expected at least {self.rate / FINEST:g}, rate by {FINEST}; got {self.to:g}"
            )
        return self

    def build(self, names: tuple[str, ...]) -> _Resampler:
        return _Resampler(self.ratio, self.method, len(names))
