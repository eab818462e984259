"""Paired comparisons: intervals computed by hand, and how often they see a difference where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.metrics.classes import Accuracy, LogLoss, MacroF1, RocAuc
from holdfast.metrics.paired import corrected_error, holm, paired, t_interval
from holdfast.metrics.real import Mae

SIMULATIONS, ROWS, K, REPEATS = 400, 60, 5, 3


def said(codes: list[int], classes: int = 2) -> np.ndarray:
    """Sure predictions of one repeat."""
    return np.eye(classes)[codes][None]


def test_interval_is_the_one_computed_by_hand() -> None:
    truth = np.zeros(8, dtype=int)
    folds = np.repeat([0, 1, 2, 3], 2)[None]
    first = said([0, 0, 0, 0, 0, 0, 0, 1])  # right in the folds: 1, 1, 1, 1/2
    second = said([0, 1, 0, 0, 1, 1, 0, 1])  # 1/2, 1, 0, 1/2
    got = paired(Accuracy(), truth, first, second, folds)
    assert got.per_fold == (0.5, 0.0, 1.0, 0.0)
    assert got.difference == 0.375
    assert got.ratio == pytest.approx(1 / 3)
    # mean 0.375, squares 0.015625 + 0.140625 + 0.390625 + 0.140625 = 0.6875, variance 0.6875 / 3,
    # times 1/4 + 1/3; t of 3 degrees of freedom at 0.975 is 3.1824
    assert got.error == pytest.approx((0.6875 / 3 * 7 / 12) ** 0.5)
    assert got.low == pytest.approx(0.375 - 3.1824 * 0.365624, abs=1e-4)
    assert got.high == pytest.approx(0.375 + 3.1824 * 0.365624, abs=1e-4)
    assert got.p == pytest.approx(0.3806, abs=1e-3)
    assert str(got) == "+0.3750 [-0.7886, +1.5386]"


def test_difference_is_of_pooled_scores_not_of_the_mean_of_folds() -> None:
    truth = np.array([0, 0, 0, 1, 0, 1])
    folds = np.array([[0, 0, 0, 0, 1, 1]])
    first, second = said([0, 0, 0, 0, 0, 1]), said([0, 0, 1, 1, 0, 0])
    metric = MacroF1()
    got = paired(metric, truth, first, second, folds)
    assert got.difference == pytest.approx(metric.score(truth, first[0]) - metric.score(truth, second[0]))
    assert got.difference != pytest.approx(np.mean(got.per_fold))


@pytest.mark.parametrize("metric", [Accuracy(), MacroF1(), LogLoss(), RocAuc()])
def test_equal_predictions_do_not_differ(metric) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=30)
    both = rng.dirichlet(np.ones(3), (2, 30))
    got = paired(metric, truth, both, both, rng.permuted(np.tile(np.arange(30) % 3, (2, 1)), axis=1))
    assert (got.difference, got.low, got.high, got.p) == (0.0, 0.0, 0.0, 1.0)


def test_values_are_compared_too_and_the_sign_turns_with_the_sides() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=40)
    first, second = truth + rng.normal(size=(2, 40)), truth + 3 * rng.normal(size=(2, 40))
    folds = np.tile(np.arange(40) % 4, (2, 1))
    there, back = (paired(Mae(), truth, *sides, folds) for sides in ((first, second), (second, first)))
    assert there.high < 0 < back.low
    assert there.p == back.p < 0.05
    assert len(there.per_fold) == 8
    assert (there.low, there.high) == (-back.high, -back.low)


def test_folds_that_one_side_lacks_do_not_count() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(2, size=40)
    first, second = rng.dirichlet(np.ones(2), (2, 1, 40))
    folds = np.arange(40)[None] % 4
    kept = folds[0] != 3
    want = paired(Accuracy(), truth[kept], first[:, kept], second[:, kept], folds[:, kept])
    first[0, ~kept] = np.nan
    got = paired(Accuracy(), truth, first, second, folds)
    assert got.difference == want.difference
    assert got.per_fold == want.per_fold
    assert got.ratio == pytest.approx(1 / 3)  # of training on three folds, not of what was counted
    second[:] = np.nan
    with pytest.raises(ValueError, match="no fold"):
        paired(Accuracy(), truth, first, second, folds)


def test_one_fold_tells_nothing_and_a_fold_without_a_score_is_no_spread() -> None:
    truth, folds = np.array([0, 1, 0, 1, 0, 0]), np.array([[0, 0, 1, 1, 2, 2]])
    first, second = np.random.default_rng(3).dirichlet(np.ones(2), (2, 1, 6))
    got = paired(RocAuc(), truth, first, second, folds)  # the last fold has one class
    assert np.isnan(got.per_fold[2])
    assert np.isfinite([got.difference, got.low, got.high, got.p]).all()
    first[0, 2:] = np.nan
    alone = paired(Accuracy(), truth, first, second, folds)
    assert (alone.low, alone.high, alone.p) == (-np.inf, np.inf, 1.0)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(2, 10), repeats=st.integers(1, 5))
def test_the_correction_never_takes_from_the_naive_error(seed: int, k: int, repeats: int) -> None:
    differences = np.random.default_rng(seed).normal(size=k * repeats)
    corrected, freedom = corrected_error(differences, 1 / (k - 1))
    naive, _ = corrected_error(differences, 0.0)
    assert freedom == k * repeats - 1
    assert naive == pytest.approx(differences.std(ddof=1) / len(differences) ** 0.5)
    assert corrected > naive
    # repeats do not make the corrected error vanish
    assert corrected > differences.std(ddof=1) * (1 / (k - 1)) ** 0.5


def nearest_mean(X: np.ndarray, y: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Out-of-fold predictions `(repeats, n, 2)` of the nearest of two class means."""
    out = np.empty((*folds.shape, 2))
    for r, fold in enumerate(folds):
        for k in range(K):
            train, scored = fold != k, fold == k
            low, high = (X[train & (y == c)].mean(axis=0) for c in (0, 1))
            side = X[scored] @ (high - low) > (high @ high - low @ low) / 2
            out[r, scored] = np.eye(2)[side.astype(int)]
    return out


def test_about_one_in_twenty_is_called_different_where_nothing_is() -> None:
    """Simulated: two learners with three features each, all six alike, so that neither is the better one."""
    rng = np.random.default_rng(0)
    wins = naive_wins = 0
    for _ in range(SIMULATIONS):
        y = rng.permutation(np.arange(ROWS) % 2)
        X = rng.normal(size=(ROWS, 6)) + 0.5 * y[:, None]
        folds = np.stack([rng.permutation(ROWS) % K for _ in range(REPEATS)])
        sides = (nearest_mean(X[:, part], y, folds) for part in (slice(0, 3), slice(3, 6)))
        got = paired(Accuracy(), y, *sides, folds)
        wins += got.p < 0.05
        naive = corrected_error(np.array(got.per_fold), 0.0)
        naive_wins += t_interval(got.difference, *naive)[2] < 0.05
    assert 0.02 <= wins / SIMULATIONS <= 0.08
    assert naive_wins / SIMULATIONS > 0.15


def test_holm_by_hand() -> None:
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04, which may not fall
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])
    assert holm(np.array([0.2])) == pytest.approx([0.2])
    assert len(holm(np.array([]))) == 0
