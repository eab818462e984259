"""Rain as the reflectivity that a radar measures."""

from __future__ import annotations

from math import log10
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from holdfast.prepare.rain_scale import RainScale
from holdfast.recipe.registry import component


@component("dbz")
class Reflectivity(RainScale):
    """Rain as reflectivity in dBZ, by Z = a · rain^b (Marshall and Palmer 1948), from 0 at `low` to 1 at `high`.

    What is below `low` counts as no rain: with the defaults, less than 0.009 mm/h. Above `high` it goes on rising.
    """

    a: float = Field(200.0, gt=0, description="Z at 1 mm/h, in mm⁶/m³")
    b: float = Field(1.6, gt=0, description="exponent of the rain")
    low: float = Field(-10.0, description="dBZ that is 0")
    high: float = Field(60.0, description="dBZ that is 1")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.high <= self.low:
            raise ValueError(f"expected high above low, got low {self.low:g} and high {self.high:g}")
        return self

    def scaled(self, rain: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):  # of no rain
            out = np.log10(rain)
        out *= np.float32(10 * self.b / (self.high - self.low))
        out += np.float32((10 * log10(self.a) - self.low) / (self.high - self.low))
        return np.asarray(np.maximum(out, 0, out=out))

    def rates(self, scaled: np.ndarray) -> np.ndarray:
        decibels = scaled * np.float32(self.high - self.low) + np.float32(self.low - 10 * log10(self.a))
        rain = np.power(np.float32(10), decibels / np.float32(10 * self.b))
        return np.where(scaled <= 0, np.float32(0), rain)
