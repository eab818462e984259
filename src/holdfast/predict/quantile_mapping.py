"""Amounts of rain brought to the distribution that was measured."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from holdfast.data.slices import slices
from holdfast.metrics.pixels import reaches
from holdfast.predict.base import Postprocess
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

LEVELS = np.geomspace(1.0, 1e-4, 65)  # shares of the wet pixels, sixteen a decade
FEWEST = 30  # pixels above the highest level: a single storm cell should not set the end of the curve


@component("quantile_mapping")
class QuantileMapping(Postprocess):
    """Change forecast amounts, their order kept, until as many pixels are above each as were measured above it.

    A mean of models, or a model of the mean, blurs: it rains lightly in too many places and heavily in too few. The
    curve (Gudmundsson et al. 2012) of each lead time goes through quantiles of the wet pixels of all rows together;
    below the lowest and above the highest it goes on straight. It gains CSI at high thresholds and costs MAE.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"grid"})
    by_rows: ClassVar[bool] = True
    threshold: float = Field(
        0.1,
        gt=0,
        description="amounts from this on are wet, mm/h; of the forecasts, quantiles of those are taken",
    )
    share: float = Field(
        1.0, gt=0, le=1, description="how far amounts move from what was said to the curve; 1: all the way"
    )

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        """The corners `(said, measured)` of the curve of each lead time; a straight line where too little is wet."""
        said: list[list[np.ndarray]] = [[] for _ in range(truth.shape[1])]
        measured: list[list[np.ndarray]] = [[] for _ in said]
        for rows in slices(truth):
            for lead, (f, o) in enumerate(zip(predictions[rows].swapaxes(0, 1), truth[rows].swapaxes(0, 1))):
                there = ~np.isnan(o)
                said[lead].append(f[there & reaches(f, self.threshold)])
                measured[lead].append(o[there & (o > 0)])
        return [self._curve(np.concatenate(f), np.concatenate(o)) for f, o in zip(said, measured)]

    def _curve(self, said: np.ndarray, measured: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the wet pixels' amounts, as they were said and as they were measured."""
        f, o = np.sort(said), np.sort(measured)
        above = np.unique((LEVELS * len(f)).astype(int))[::-1]  # pixels at least as wet, most first
        above = above[above >= FEWEST]
        o = np.concatenate([np.zeros(max(0, len(f) - len(o)), dtype=o.dtype), o])
        corners = [np.concatenate([[0.0], one[len(one) - above]]).astype(np.float64) for one in (f, o)]
        rising = np.concatenate([[True], np.diff(corners[0]) > 0])  # many pixels may say the same
        return corners[0][rising], np.maximum.accumulate(corners[1][rising])

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        made = predictions.copy()
        for rows in slices(predictions):
            for lead, curve in enumerate(learned):
                here = predictions[rows, lead]
                made[rows, lead] += self.share * (_along(curve, here) - here)
        return np.maximum(made, 0, out=made)


def _along(curve: tuple[np.ndarray, np.ndarray], amounts: np.ndarray) -> np.ndarray:
    """What a curve says of amounts; above its end it rises as they do."""
    said, measured = curve
    return np.interp(amounts, said, measured) + np.maximum(amounts - said[-1], 0)
