"""Weights of members: known answers of the weighted mean and of selection."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.ensemble.base import Ensemble
from holdfast.ensemble.simplex import error_products, least_log_loss, least_squares
from holdfast.metrics.base import Metric
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES, GRID, REAL

N, FOLDS = 240, np.arange(240) % 4
TRUTH = np.arange(N) % 3


def said(strength: float, seed: int, truth: np.ndarray = TRUTH) -> np.ndarray:
    """Simulated probabilities `(n, 3)`: the stronger, the more of them on the true class; 0 tells nothing."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(truth), 3)) + strength * np.eye(3)[truth]
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True)


def of_metric(name: str, metric: str, **fields: Any) -> Ensemble:
    made = cast("Ensemble", parse("ensemble", {name: fields}))
    return made.for_metric(cast("Metric", parse("metric", metric)), CLASSES)


PERFECT = np.eye(3)[TRUTH] * 0.98 + 0.02 / 3


@pytest.mark.parametrize("metric", ["log_loss", "accuracy", "macro_f1", "roc_auc"])
@pytest.mark.parametrize("name", ["weighted_mean", "caruana"])
def test_a_useless_member_gets_next_to_no_weight(name: str, metric: str) -> None:
    members = np.stack([said(2.5, 1), said(0, 2), said(2.5, 3)])
    weights = of_metric(name, metric).fit(members, TRUTH, FOLDS)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert weights[1] < 0.1
    assert min(weights[0], weights[2]) > weights[1] + 0.1


@pytest.mark.parametrize("name", ["weighted_mean", "caruana"])
def test_a_perfect_member_is_chosen(name: str) -> None:
    members = np.stack([said(0, 1), said(0.5, 2), PERFECT])
    weights = of_metric(name, "log_loss").fit(members, TRUTH, FOLDS)
    np.testing.assert_allclose(weights, [0, 0, 1], atol=1e-3)


@pytest.mark.parametrize("name", ["weighted_mean", "caruana"])
def test_on_its_own_rows_no_member_is_better(name: str) -> None:
    members = np.stack([said(1, 1), said(1.2, 2), said(0.8, 3)])
    for metric in ("log_loss", "accuracy", "balanced_accuracy"):
        ensemble, scored = of_metric(name, metric), cast("Metric", parse("metric", metric))
        blend = scored.score(TRUTH, ensemble.predict(ensemble.fit(members, TRUTH, FOLDS), members))
        alone = [scored.score(TRUTH, one) for one in members]
        assert blend >= max(alone) if scored.greater_is_better else blend <= min(alone) + 1e-9


def test_least_squares_by_hand() -> None:
    # errors of deviation 1 and 2 that have nothing in common: weights as 1 / variance, 4 to 1
    truth = np.zeros(4)
    members = np.array([[1.0, 1, -1, -1], [2.0, -2, 2, -2]])
    products = error_products(members, truth, lambda rows: rows[:, None])
    np.testing.assert_allclose(products, [[4, 0], [0, 16]])
    np.testing.assert_allclose(least_squares(products), [0.8, 0.2], atol=1e-5)


def test_least_squares_of_members_that_are_all_right() -> None:
    np.testing.assert_array_equal(least_squares(np.zeros((2, 2))), [0.5, 0.5])


def test_least_squares_does_not_depend_on_the_unit() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=60)
    members = truth + rng.normal(size=(3, 60)) * np.array([[0.5], [1], [2]])
    weighted = cast("Ensemble", parse("ensemble", "weighted_mean"))
    mine, theirs = (weighted.fit(scale * members, scale * truth, FOLDS[:60]) for scale in (1, 1e7))
    np.testing.assert_allclose(mine, theirs, atol=1e-4)
    assert mine[0] > mine[2]


def test_a_member_that_is_sure_and_wrong_once_does_not_break_log_loss() -> None:
    sure = PERFECT.copy()
    sure[0] = [0, 1, 0]  # no chance for the true class 0
    weights = least_log_loss(np.stack([sure, said(1, 1)]), TRUTH)
    assert np.isfinite(weights).all()
    assert 0.5 < weights[0] < 1


def test_grids_leave_out_gaps_and_pixels_that_are_not_scored() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((20, 1, 4, 4)).astype(np.float32)
    good, bad = truth + np.float32(0.1) * rng.normal(size=(2, *truth.shape)).astype(np.float32)
    bad[:, :, 0, 0] += 100  # where nothing was measured
    good[:, :, 2:] += 5  # where nothing is scored
    truth[:, :, 0, 0] = np.nan
    metric = cast("Metric", parse("metric", {"mae": {"pixels": [[0, 0], [0, 1], [1, 2]]}}))
    ensemble = cast("Ensemble", parse("ensemble", "weighted_mean")).for_metric(metric, GRID)
    weights = ensemble.fit(np.stack([good, bad]), truth, FOLDS[:20])
    assert 0.2 < weights[0] < 0.8
    everywhere = cast("Ensemble", parse("ensemble", "weighted_mean")).for_metric(
        cast("Metric", parse("metric", "mae")), GRID
    )
    assert everywhere.fit(np.stack([good, bad]), truth, FOLDS[:20])[0] < 0.01
    assert ensemble.predict(weights, np.stack([good, bad])).dtype == np.float32


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 7), st.integers(0, 10_000), st.sampled_from(["log_loss", "accuracy", "mse", "mae"]))
def test_weights_are_on_the_simplex(members: int, seed: int, metric: str) -> None:
    rng = np.random.default_rng(seed)
    of_classes = metric in ("log_loss", "accuracy")
    truth = rng.integers(0, 3, 24) if of_classes else rng.normal(size=24)
    given = rng.dirichlet(np.ones(3), size=(members, 24)) if of_classes else rng.normal(size=(members, 24))
    for name in ("weighted_mean", {"caruana": {"rounds": 6, "bags": 2}}):
        ensemble = cast("Ensemble", parse("ensemble", name)).for_metric(
            cast("Metric", parse("metric", metric)), CLASSES if of_classes else REAL
        )
        weights = ensemble.fit(given, truth, np.arange(24) % 3)
        assert weights.shape == (members,)
        assert (weights >= 0).all()
        assert weights.sum() == pytest.approx(1)


def test_bags_leave_the_useless_out_too() -> None:
    members = np.stack([said(2, 1), said(0, 2), said(0, 3), said(2, 4), said(0, 5), said(2, 6), said(2, 7)])
    weights = of_metric("caruana", "log_loss").fit(members, TRUTH, FOLDS)
    assert weights[[1, 2, 4]].sum() < 0.1
    assert (weights[[0, 3, 5, 6]] > 0.1).all()


def test_what_weights_say_names_members() -> None:
    ensemble = of_metric("weighted_mean", "log_loss")
    facts = ensemble.facts(np.array([0.25, 0.75]), ["conv", "trees"])
    assert facts == {"weights": {"conv": 0.25, "trees": 0.75}}
    assert ensemble.says(facts) == "weights conv 0.25, trees 0.75"
