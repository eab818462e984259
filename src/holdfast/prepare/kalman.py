"""Kalman smoothing."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from holdfast.prepare.base import Preparation
from holdfast.prepare.interpolate import Interpolate
from holdfast.recipe.registry import component

BLOCK = 4096  # series at a time: the library keeps a covariance for each step of each
VAGUE = (
    1e6  # variance of the first state, in units of the measurement noise: nothing is known before the start
)

# State transition and process noise of a unit step: of the level, or of level and velocity.
MODELS: dict[str, tuple[list[list[float]], list[list[float]]]] = {
    "local_level": ([[1.0]], [[1.0]]),
    "constant_velocity": ([[1.0, 1.0], [0.0, 1.0]], [[1 / 3, 1 / 2], [1 / 2, 1.0]]),
}


def smoothed(series: np.ndarray, model: str, noise: float) -> np.ndarray:
    """Smoothed `series` `(n, steps)`, gaps (NaN) filled; a series without any value stays missing.

    `noise`: variance of the measurements, in units of the process noise. The estimate is linear in the
    series, so the unit of the data does not matter.
    """
    from simdkalman import KalmanFilter

    transition, process = (np.array(part) for part in MODELS[model])
    observed = np.eye(1, len(transition))
    kalman = KalmanFilter(transition, process, observed, np.array([[noise]]))
    there = ~np.isnan(series)
    count = there.sum(axis=1, keepdims=True)
    middle = np.where(there, series, 0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    start = VAGUE * noise * np.eye(len(transition))
    found = kalman.smooth(series - middle, initial_covariance=start, observations=False, covariances=False)
    return np.where(count > 0, found.states.mean[:, :, 0] + middle, np.nan)


class _Smoother:
    """A series without any value gets the channel's mean in the training part."""

    def __init__(self, model: str, noise: float, names: tuple[str, ...]):
        self.model, self.noise, self.own = model, noise, len(names)
        self.empty = Interpolate().build(names)

    def partial_fit(self, X: np.ndarray) -> _Smoother:
        self.empty.partial_fit(X)
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        own = X[:, :, : self.own].transpose(0, 2, 1)
        series = own.reshape(-1, X.shape[1]).astype(np.float64)
        blocks = [series[start : start + BLOCK] for start in range(0, len(series), BLOCK)]
        made = np.concatenate([smoothed(block, self.model, self.noise) for block in blocks])
        out = X.copy()
        out[:, :, : self.own] = made.reshape(own.shape).transpose(0, 2, 1)
        return self.empty.transform(out)


@component("kalman")
class Kalman(Preparation):
    """Smooth each of the data's own channels, and close its gaps, by a Kalman smoother (Rauch et al. 1965).

    In place of interpolate where the measurements are noisy.
    """

    before_augment: ClassVar[bool] = True
    gaps: ClassVar[str] = "closed"

    model: Literal["local_level", "constant_velocity"] = Field(
        "local_level",
        description="what the signal keeps from step to step; constant_velocity follows slopes, also past the ends",
    )
    noise: float = Field(
        1.0,
        gt=0,
        description="variance of the measurements, in units of the process noise; more smooths more",
    )

    def build(self, names: tuple[str, ...]) -> Any:
        return _Smoother(self.model, self.noise, names)
