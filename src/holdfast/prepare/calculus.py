"""Derivative and integral in time, as channels beside the data's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pydantic import Field

from holdfast.prepare.base import Preparation
from holdfast.recipe.registry import component


def derivative(X: np.ndarray, step: float = 1.0) -> np.ndarray:
    """Central differences along time, `(n, steps, channels)`; one-sided at the ends."""
    if X.shape[1] < 2:
        return np.zeros_like(X)
    return np.gradient(X, step, axis=1).astype(X.dtype, copy=False)


def integral(X: np.ndarray, step: float = 1.0) -> np.ndarray:
    """Cumulative trapezoid along time from zero, `(n, steps, channels)`.

    >>> integral(np.ones((1, 3, 1))).ravel()
    array([0., 1., 2.])
    """
    from scipy.integrate import cumulative_trapezoid

    return cumulative_trapezoid(X, dx=step, axis=1, initial=0).astype(X.dtype, copy=False)


class _Beside:
    """Adds a function of the data's own channels (the first ones) as further channels."""

    def __init__(self, function: Callable[[np.ndarray, float], np.ndarray], own: int, step: float):
        self.function, self.own, self.step = function, own, step

    def transform(self, X: np.ndarray) -> np.ndarray:
        return np.concatenate([X, self.function(X[:, :, : self.own], self.step)], axis=2)


@component("derivative")
class Derivative(Preparation):
    """Add the time derivative of each of the data's own channels."""

    step: float = Field(1.0, gt=0, description="time between steps")

    def build(self, names: tuple[str, ...]) -> _Beside:
        return _Beside(derivative, len(names), self.step)


@component("integral")
class Integral(Preparation):
    """Add the integral (cumulative trapezoid) of each of the data's own channels."""

    step: float = Field(1.0, gt=0, description="time between steps")

    def build(self, names: tuple[str, ...]) -> _Beside:
        return _Beside(integral, len(names), self.step)
