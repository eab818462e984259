"""Where a forecast says rain."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from holdfast.data.slices import slices
from holdfast.metrics.pixels import lowest, reaches
from holdfast.metrics.rain import Csi, MaeCsi
from holdfast.predict.base import Postprocess
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

# of the threshold, 1/8 to 8 in eighths of an octave, 1 first: of those that do as well the nearest to it is taken
FACTORS = 2.0 ** (np.array(sorted(range(-24, 25), key=abs)) / 8)


@component("wet_threshold")
class WetThreshold(Postprocess):
    """Forecasts below a learned amount say no rain; those from it on say the threshold at least.

    Models that blur say a little rain all around a shower, or, taught by absolute errors, none at its edge. The amount,
    one for each lead time, is that of the best score on the rows it is fitted on; where none does better than the
    forecasts themselves, these stay.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"grid"})
    by_rows: ClassVar[bool] = True
    for_metric: Literal["csi", "mae_csi"] = Field(
        "csi", description="the score to make best, at the threshold: csi, or mae / csi"
    )
    threshold: float = Field(0.1, gt=0, description="rain from this on counts as wet, mm/h")

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        """The amount of each lead time, mm/h; 0 leaves the forecasts alone."""
        amounts = self.threshold * FACTORS
        return [self._best(amounts, one) for one in self._between(predictions, truth, np.sort(amounts))]

    def _best(self, amounts: np.ndarray, between: np.ndarray) -> float:
        sums = self._sums(between, np.sort(amounts))
        scores = Csi().combine(sums[:, 2:]) if self.for_metric == "csi" else -MaeCsi().combine(sums)
        left, *changed = np.where(np.isnan(scores), -np.inf, scores)
        by_nearness = np.array(changed)[np.argsort(np.argsort(amounts))]
        return float(amounts[by_nearness.argmax()]) if by_nearness.max() > left else 0.0

    def _sums(self, between: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        """Of the forecasts left alone, then by each of the rising amounts, the sums of `MaeCsi.parts`, `(1 + amounts, 5)`.

        Each pixel is looked at once: pixels are counted, and what they would cost is summed, between the amounts.
        """
        pixels, wet, dry_cost, said_cost, raised_cost = between.T
        own = int(np.searchsorted(amounts, self.threshold)) + 1  # from here on forecasts reach the threshold
        said_wet, hits = (_from(one)[1:] for one in (pixels, wet))
        kept = np.where(np.arange(len(pixels)) < own, raised_cost, said_cost)
        cost = np.cumsum(dry_cost)[:-1] + _from(kept)[1:]
        by_amount = np.stack(
            [cost, np.full(len(cost), pixels.sum()), hits, wet.sum() - hits, said_wet - hits], axis=1
        )
        left = by_amount[own - 1].copy()
        left[0] = said_cost.sum()
        return np.concatenate([left[None], by_amount])

    def _between(self, predictions: np.ndarray, truth: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        """`(leads, 1 + amounts, 5)`, of pixels whose forecast is below the first amount, from it to the second, and so on.

        How many, how many are wet, and the sums of absolute errors of saying 0, what was said, and the threshold.
        """
        made, edges = np.zeros((truth.shape[1], len(amounts) + 1, 5)), lowest(amounts)
        for rows in slices(truth):
            for lead, (f, o) in enumerate(zip(predictions[rows].swapaxes(0, 1), truth[rows].swapaxes(0, 1))):
                there = ~np.isnan(o) & ~np.isnan(f)
                f, o = f[there], o[there]
                place = np.searchsorted(edges, f, side="right")
                costs = (
                    None,
                    reaches(o, self.threshold),
                    np.abs(o),
                    np.abs(o - f),
                    np.abs(o - np.float32(self.threshold)),
                )
                for column, cost in enumerate(costs):
                    made[lead, :, column] += np.bincount(place, cost, minlength=made.shape[1])
        return made

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        made = predictions.copy()
        for lead, amount in enumerate(learned):
            if amount == 0:
                continue
            for rows in slices(predictions):
                here = predictions[rows, lead]
                wet = np.maximum(here, np.float32(self.threshold))
                made[rows, lead] = np.where(reaches(here, amount) | np.isnan(here), wet, 0)
        return made


def _from(counts: np.ndarray) -> np.ndarray:
    """What each place and all after it hold together."""
    return np.cumsum(counts[::-1])[::-1]
