"""Grouped permutation importance: known answers, and faults that it must not have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.metrics.base import Metric
from holdfast.recipe.registry import parse
from holdfast.select.importance import (
    agreement,
    by_importance,
    clusters,
    grouped_permutation,
    oriented,
    rank_intervals,
    ranks,
    share_in_top,
    stable,
)

SINGLE = [np.array([i]) for i in range(4)]


def metric(name: str) -> Metric:
    return parse("metric", name)  # type: ignore[return-value]


def drawn(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Four columns, the first three copies of one that tells the class, and the class."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return np.stack([x, x, x, rng.normal(size=n)], axis=1), (x > 0).astype(int)


def majority(X: np.ndarray) -> np.ndarray:
    """Probabilities of a model that goes by most of the three copies: one of them alone changes nothing."""
    said = ((X[:, :3] > 0).sum(axis=1) >= 2).astype(int)
    return np.where(np.eye(2)[said] > 0, 0.9, 0.1)


def plain(found: list[np.ndarray]) -> list[list[int]]:
    return [columns.tolist() for columns in found]


# Clusters.


def test_clusters_join_copies_whatever_their_scale_and_sign_and_leave_constants_alone() -> None:
    rng = np.random.default_rng(0)
    x, other = rng.normal(size=(2, 300))
    near = x + 0.1 * rng.normal(size=300)
    X = np.stack([other, x, np.full(300, 0.1), -1e6 * x + 3, np.zeros(300), near], axis=1)
    assert plain(clusters(X, 0.9)) == [[0], [1, 3, 5], [2], [4]]
    assert plain(clusters(X, 1.0)) == [[0], [1, 3], [2], [4], [5]]


def test_average_linkage_cuts_where_the_mean_correlation_ends() -> None:
    rng = np.random.default_rng(1)
    a, b, c = np.linalg.qr(rng.normal(size=(500, 3)) - rng.normal(size=(500, 3)).mean(axis=0))[0].T
    a, b = a - a.mean(), b - b.mean()
    X = np.stack([a, b, a / np.linalg.norm(a) + b / np.linalg.norm(b), c], axis=1)
    r = np.abs(np.corrcoef(X, rowvar=False))
    # the third column correlates by about 0.71 with the first two, which do not correlate with each other
    assert r[0, 2] == pytest.approx(0.71, abs=0.03)
    assert r[0, 1] < 0.1
    found = plain(clusters(X, 0.6))
    assert sorted(map(len, found)) == [1, 1, 2]  # the mean over both pairs, about 0.4, is below the threshold
    assert [3] in found


def test_gaps_do_not_part_copies() -> None:
    x = np.random.default_rng(0).normal(size=200)
    X = np.stack([x, x, np.full(200, np.nan)], axis=1)
    X[:3, 1] = np.nan
    assert plain(clusters(X, 0.9)) == [[0, 1], [2]]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(2, 30), st.floats(0.05, 1), st.integers(0, 2**32 - 1))
def test_clusters_hold_each_column_once_and_do_not_depend_on_their_order(
    columns: int, rows: int, threshold: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)).round(1)
    X[:, rng.integers(columns)] = X[:, rng.integers(columns)]
    found = clusters(X, threshold)
    assert np.array_equal(np.sort(np.concatenate(found)), np.arange(columns))
    assert [c[0] for c in found] == sorted(c[0] for c in found)
    doubled = clusters(np.concatenate([X, X], axis=1), threshold)
    pairs = {tuple(c) for c in doubled}
    for column in np.flatnonzero(X.max(axis=0) > X.min(axis=0)):
        assert any({column, column + columns} <= set(cluster) for cluster in pairs)


# Drops.


def test_copies_are_seen_only_when_permuted_together() -> None:
    X, y = drawn()
    score_of = oriented(metric("accuracy"), majority)
    alone = grouped_permutation(score_of, X, y, SINGLE, 5, 0)
    assert np.array_equal(alone, np.zeros((4, 5)))
    together = grouped_permutation(score_of, X, y, [np.array([0, 1, 2]), np.array([3])], 5, 0)
    assert together[0] == pytest.approx(0.5, abs=0.1)
    assert np.array_equal(together[1], np.zeros(5))


def test_one_permutation_of_rows_serves_all_columns_of_a_cluster() -> None:
    X, y = drawn()

    def difference(X: np.ndarray) -> np.ndarray:
        return np.where(np.abs(X[:, :1] - X[:, 1:2]) > 0, [0.0, 1.0], [1.0, 0.0])

    score_of = oriented(metric("accuracy"), difference)
    assert grouped_permutation(score_of, X, y, [np.array([0, 1])], 3, 0).tolist() == [[0, 0, 0]]
    assert grouped_permutation(score_of, X, y, [np.array([0])], 3, 0).any()


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "log_loss", "roc_auc"])
def test_more_is_more_important_whatever_the_metrics_direction(name: str) -> None:
    X, y = drawn()
    found = grouped_permutation(oriented(metric(name), majority), X, y, [np.array([0, 1, 2])], 3, 0)
    assert (found > 0.2).all()


@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_the_same_for_values(name: str) -> None:
    X, _ = drawn()
    found = grouped_permutation(oriented(metric(name), lambda X: X[:, 0]), X, X[:, 0], SINGLE, 3, 0)
    assert (found[0] > 0.5).all()
    assert not found[1:].any()


def test_equal_seeds_equal_drops_however_many_at_once_and_inputs_stay_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = drawn()
    kept = X.copy()
    score_of = oriented(metric("log_loss"), majority)
    together = [np.array([0, 1, 2]), np.array([3])]
    one = grouped_permutation(score_of, X, y, together, 4, 7)
    assert np.array_equal(one[::-1], grouped_permutation(score_of, X, y, together[::-1], 4, 7))
    assert not np.array_equal(one, grouped_permutation(score_of, X, y, together, 4, 8))
    monkeypatch.setattr("holdfast.select.importance.CELLS", 3 * X.size)
    assert np.array_equal(one, grouped_permutation(score_of, X, y, together, 4, 7))
    assert np.array_equal(X, kept)


def test_differences_in_last_bits_are_none() -> None:
    X, y = drawn()

    def noisy(copies: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 1e6 + np.arange(len(copies)) * 1e-10

    assert not grouped_permutation(noisy, X, y, SINGLE, 3, 0).any()


# Lists.

DROPS = np.array([[0.5, 0.3, 0.0, 0.0], [0.4, 0.1, 0.2, -0.1], [0.6, 0.2, 0.1, 0.0]])


def test_ranks_and_their_intervals() -> None:
    assert ranks(DROPS).tolist() == [[1, 2, 3.5, 3.5], [1, 3, 2, 4], [1, 2, 3, 4]]
    assert rank_intervals(DROPS).tolist() == [[1, 2, 2, 3.5], [1, 3, 3.5, 4]]
    many = np.tile(DROPS[:1], (40, 1))
    many[0] = many[0, ::-1]  # one run of forty is outside the middle 90 %
    assert rank_intervals(many).tolist() == [[1, 2, 3.5, 3.5], [1, 2, 3.5, 3.5]]
    assert rank_intervals(many, level=0.99)[1, 0] == 3.5
    assert by_importance(DROPS).tolist() == [0, 1, 2, 3]


def test_agreement_of_equal_opposite_and_flat_runs() -> None:
    one = np.array([3.0, 2.0, 1.0, 0.0])
    assert agreement(np.stack([one, one * 2])) == pytest.approx(1)
    assert agreement(np.stack([one, -one])) == pytest.approx(-1)
    assert agreement(np.stack([one, one, np.zeros(4)])) == pytest.approx(1)  # a flat run orders nothing
    assert np.isnan(agreement(one[None]))


def test_stable_is_first_in_enough_runs_with_a_drop_above_noise() -> None:
    assert share_in_top(DROPS, 2) == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert stable(DROPS, 2).tolist() == [0]
    assert stable(DROPS, 2, share=2 / 3).tolist() == [0, 1]
    assert stable(DROPS, 4).tolist() == [0]  # all four are among the first four; one run's noise reaches 0.1
    assert stable(np.abs(DROPS), 4).tolist() == [0, 1]
    assert stable(-np.abs(DROPS), 4).tolist() == []


def test_noise_around_zero_is_hardly_ever_stable_however_long_the_list() -> None:
    rng = np.random.default_rng(0)
    lists = []
    for _ in range(200):
        drops = 0.01 * rng.normal(size=(3, 12))
        drops[:, 4] += 0.2
        lists.append(stable(drops, 10).tolist())
    assert all(4 in found for found in lists)
    # above zero in three runs would be one in eight
    assert sum(len(found) - 1 for found in lists) < 0.005 * 200 * 11
