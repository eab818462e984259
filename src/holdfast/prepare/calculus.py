"""Derivative and integral in time, as channels beside the data's own."""

from __future__ import annotations

from functools import partial

import numpy as np
from pydantic import Field

from holdfast.prepare.base import Preparation
from holdfast.prepare.beside import Beside
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


@component("derivative")
class Derivative(Preparation):
    """Add the time derivative of each of the data's own channels."""

    step: float = Field(1.0, gt=0, description="time between steps")

    def build(self, names: tuple[str, ...]) -> Beside:
        return Beside(partial(derivative, step=self.step), range(len(names)))


@component("integral")
class Integral(Preparation):
    """Add the integral (cumulative trapezoid) of each of the data's own channels."""

    step: float = Field(1.0, gt=0, description="time between steps")

    def build(self, names: tuple[str, ...]) -> Beside:
        return Beside(partial(integral, step=self.step), range(len(names)))
