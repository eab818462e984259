"""A second model on members."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from test_weighted_mean import FOLDS, PERFECT, TRUTH, said

from holdfast.ensemble.stacking import Stacking
from holdfast.metrics.base import Metric
from holdfast.recipe.registry import parse
from holdfast.testing.samples import REAL

MODELS = ["logistic", "ridge", "lightgbm"]


def score(name: str, prediction: np.ndarray) -> float:
    return cast("Metric", parse("metric", name)).score(TRUTH, prediction)


@pytest.mark.parametrize("model", MODELS)
def test_learns_which_member_to_believe(model: Any) -> None:
    learn, scored = FOLDS < 2, FOLDS >= 2
    members = np.stack([said(0, 1), PERFECT])
    stacking = Stacking(model=model)
    made = stacking.predict(stacking.fit(members[:, learn], TRUTH[learn], FOLDS[learn]), members[:, scored])
    np.testing.assert_allclose(made.sum(axis=1), 1)
    assert (made.argmax(axis=1) == TRUTH[scored]).mean() > 0.95
    assert (made > 0).all()


def test_learns_that_a_member_mixes_up_two_classes() -> None:
    turned = PERFECT[:, [1, 0, 2]]  # says 1 where it is 0: no mean can mend that
    members = np.stack([turned, said(0, 1)])
    stacking = Stacking()
    made = stacking.predict(stacking.fit(members, TRUTH, FOLDS), members)
    assert score("accuracy", members.mean(axis=0)) < 0.5
    assert score("accuracy", made) > 0.95


@pytest.mark.parametrize("model", [None, "ridge", "lightgbm"])
def test_values(model: Any) -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=240)
    members = np.stack([2 * truth + 1, rng.normal(size=240)])
    stacking = Stacking(model=model)
    made = stacking.predict(stacking.fit(members, truth, FOLDS), members)
    assert np.corrcoef(made, truth)[0, 1] > 0.97
    assert abs(made - truth).mean() < 0.2


@pytest.mark.parametrize("model", MODELS)
def test_a_class_that_the_rows_lack_stays_possible(model: Any) -> None:
    some = TRUTH < 2
    members = np.stack([said(2, 1), said(2, 2)])
    stacking = Stacking(model=model)
    made = stacking.predict(stacking.fit(members[:, some], TRUTH[some], FOLDS[some]), members)
    assert made.shape == (240, 3)
    assert (made > 0).all()


def test_one_class_alone_teaches_nothing() -> None:
    members = np.stack([said(2, 1), said(2, 2)])
    stacking = Stacking()
    learned = stacking.fit(members[:, TRUTH == 0], TRUTH[TRUTH == 0], FOLDS[TRUTH == 0])
    np.testing.assert_allclose(stacking.predict(learned, members), members.mean(axis=0))


def test_two_classes_have_one_logit() -> None:
    truth = np.arange(60) % 2
    shares = np.stack([0.2 + 0.6 * (1 - truth), 0.2 + 0.6 * truth], axis=1)
    stacking = Stacking()
    learned = stacking.fit(shares[None], truth, np.arange(60) % 3)
    assert (stacking.predict(learned, shares[None]).argmax(axis=1) == truth).all()
    assert learned[-1].coef_.shape == (1, 1)


def test_logistic_refuses_values() -> None:
    with pytest.raises(ValueError, match=r"logistic is for classes, the target 'value' is real"):
        Stacking(model="logistic").for_metric(cast("Metric", parse("metric", "rmse")), REAL)


@pytest.mark.parametrize("model", ["logistic", "ridge"])
def test_a_member_that_says_each_folds_shares_spoils_nothing(model: Any) -> None:
    """A constant predictor's shares differ a little from fold to fold, and tell the folds apart."""
    shares = np.array([[1.0, 1.0 + 0.02 * fold, 1.0 - 0.01 * fold**2] for fold in FOLDS])
    constant = shares / shares.sum(axis=1, keepdims=True)
    stacking, good = Stacking(model=model), said(2, 1)

    def cross_fitted(members: np.ndarray) -> np.ndarray:
        made = np.empty_like(members[0])
        for fold in np.unique(FOLDS):
            here = fold == FOLDS
            learned = stacking.fit(members[:, ~here], TRUTH[~here], FOLDS[~here])
            made[here] = stacking.predict(learned, members[:, here])
        return made

    alone, beside = cross_fitted(np.stack([good])), cross_fitted(np.stack([good, constant]))
    assert score("log_loss", beside) < score("log_loss", alone) + 0.01
