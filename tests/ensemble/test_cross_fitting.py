"""What an ensemble learns from a fold's rows never reaches the predictions that score them."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.ensemble.base import Ensemble, cross_fitted
from holdfast.ensemble.mean import Mean


class Memory(Ensemble):
    """Planted: knows by heart the truth of every row that it was fitted on, and says 0 of others."""

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        return dict(zip(predictions[0], truth))

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        return np.array([learned.get(key, 0.0) for key in predictions[0]])


def test_an_ensemble_never_scores_rows_that_it_was_fitted_on() -> None:
    keys, truth, fold = np.arange(20.0)[None], np.ones(20), np.arange(20) % 4
    assert np.array_equal(Memory().predict(Memory().fit(keys, truth, fold), keys), truth)
    assert np.array_equal(cross_fitted(Memory(), keys, truth, fold), np.zeros(20))


def test_the_mean_is_the_mean_of_members_in_every_fold() -> None:
    members = np.random.default_rng(0).random((3, 12, 2))
    made = cross_fitted(Mean(), members, np.zeros(12, dtype=int), np.arange(12) % 3)
    assert np.array_equal(made, members.mean(axis=0))
