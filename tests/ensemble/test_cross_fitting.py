"""What a chain learns from a fold's rows never reaches the predictions that score them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.ensemble.base import Ensemble
from holdfast.ensemble.chain import Chain, chain_of, cross_fitted, over_repeats
from holdfast.ensemble.mean import Mean
from holdfast.predict.base import Postprocess
from holdfast.recipe.load import load_recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, REAL


class Memory(Ensemble):
    """Planted: knows by heart the truth of every row that it was fitted on, and says 0 of others."""

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        return dict(zip(predictions[0], truth))

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        return np.array([learned.get(key, 0.0) for key in predictions[0]])


class Recall(Postprocess):
    """Planted: the same for one member, with keys handed on where it knows nothing."""

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        return dict(zip(predictions, truth))

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        return np.array([learned.get(key, key) for key in predictions])


KEYS, TRUTH, FOLD = np.arange(20.0) + 10, np.ones(20), np.arange(20) % 4


def test_an_ensemble_never_scores_rows_that_it_was_fitted_on() -> None:
    chain = Chain({"one": ()}, Memory(), (), REAL)
    fitted = chain.fit({"one": KEYS}, TRUTH, FOLD)
    assert np.array_equal(fitted.predict({"one": KEYS})["ensemble"], TRUTH)
    assert np.array_equal(cross_fitted(chain, {"one": KEYS}, TRUTH, FOLD)["ensemble"], np.zeros(20))


@pytest.mark.parametrize("place", ["calibrate", "postprocess"])
def test_what_follows_a_member_or_the_blend_never_scores_its_own_rows(place: str) -> None:
    chain = Chain(
        {"one": (Recall(),) if place == "calibrate" else ()}, Mean(), (Recall(),) if place == "postprocess" else (), REAL
    )  # fmt: skip
    assert np.array_equal(chain.fit({"one": KEYS}, TRUTH, FOLD).predict({"one": KEYS})["ensemble"], TRUTH)
    assert np.array_equal(cross_fitted(chain, {"one": KEYS}, TRUTH, FOLD)["ensemble"], KEYS)


def test_the_mean_is_the_mean_of_members_in_every_fold() -> None:
    members = dict(zip("abc", np.random.default_rng(0).random((3, 12, 2))))
    chain = Chain(dict.fromkeys(members, ()), Mean(), (), CLASSES)
    made = cross_fitted(chain, members, np.zeros(12, dtype=int), np.arange(12) % 3)
    np.testing.assert_array_equal(made["ensemble"], np.stack(list(members.values())).mean(axis=0))
    np.testing.assert_array_equal(made["b"], members["b"])


def test_each_repeat_has_its_own_chain() -> None:
    chain = Chain({"one": ()}, Memory(), (), REAL)
    keys = np.stack([KEYS, KEYS + 100])
    learned, made = over_repeats(chain, {"one": keys}, TRUTH, np.stack([FOLD, FOLD[::-1]]))
    assert made["ensemble"].shape == (2, 20)
    assert np.array_equal(learned[1].predict({"one": keys[1]})["ensemble"], TRUTH)
    assert np.array_equal(learned[1].predict({"one": keys[0]})["ensemble"], np.zeros(20))


def test_real_targets_have_no_probabilities_to_change() -> None:
    recipe = load_recipe(
        {"metric": "rmse", "folds": "stratified", "members": {"one": {"model": "ridge"}},
         "predict": {"calibrate": ["temperature"]}}
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"temperature is for classes"):
        chain_of(recipe, ["one"], REAL)
