"""Selection of members, one after another, with replacement."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from pydantic import Field

from holdfast.ensemble.of_metric import gain
from holdfast.ensemble.weighted import Weighted
from holdfast.keys import seed_of
from holdfast.metrics.base import Metric
from holdfast.recipe.registry import component

SMALLEST = 4  # members that a bag draws at least: fewer would leave the best out too often


@component("caruana")
class Caruana(Weighted):
    """Adds, again and again, that member which makes the mean's score best; the same one may come again.

    Caruana et al. 2004. The weights are those of the best round. Bags draw some of the members each, by their
    place alone; up to four members are one bag.
    """

    rounds: int = Field(30, ge=1, description="members added, with replacement")
    bags: int = Field(
        10, ge=1, description="selections whose weights are averaged, each among some of the members"
    )
    share: float = Field(0.5, gt=0, le=1, description="share of the members that a bag draws; four at least")

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        metric, members = self.metric_for(predictions), len(predictions)
        size = min(members, max(SMALLEST, ceil(self.share * members)))
        total = np.zeros(members)
        for bag in range(self.bags if size < members else 1):
            rng = np.random.default_rng(seed_of("caruana", bag))
            drawn = np.sort(rng.choice(members, size, replace=False))
            total[drawn] += self._selected(metric, predictions[drawn], truth)
        return total / total.sum()

    def _selected(self, metric: Metric, predictions: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Weights `(members,)` of the best round."""
        held, counts = np.zeros(predictions.shape[1:]), np.zeros(len(predictions))
        best, level = np.ones(len(predictions)), float("-inf")
        for count in range(1, self.rounds + 1):
            gains = [gain(metric, truth, (held + one) / count) for one in predictions]
            chosen = int(np.argmax(gains))
            held = held + predictions[chosen]
            counts[chosen] += 1
            if gains[chosen] > level:
                best, level = counts.copy(), gains[chosen]
        return best / best.sum()
