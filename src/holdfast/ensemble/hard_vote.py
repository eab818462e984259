"""The vote of members."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from holdfast.ensemble.base import Ensemble
from holdfast.recipe.registry import component

TIE = 1e-6  # of a vote: what the mean probability adds, so that it decides ties and nothing else


@component("hard_vote")
class HardVote(Ensemble):
    """The shares of members' votes for their most probable class; ties go by the mean probability. Learns nothing."""

    targets: ClassVar[frozenset[str]] = frozenset({"classes"})

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        return None

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        votes = np.eye(predictions.shape[2])[predictions.argmax(axis=2)].sum(axis=0)
        made = votes + TIE * predictions.mean(axis=0, dtype=np.float64)
        return made / made.sum(axis=1, keepdims=True)
