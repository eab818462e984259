"""Metrics against scikit-learn, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as known_good

from holdfast.metrics.intervals import score_with_interval, wilson
from holdfast.recipe.registry import parse


def score(name: str, truth: np.ndarray, prediction: np.ndarray) -> float:
    return parse("metric", name).score(truth, prediction)  # type: ignore[attr-defined]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(12, 60), classes=st.integers(2, 4))
def test_class_metrics_equal_scikit_learns(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(n) % classes)
    p = rng.dirichlet(np.ones(classes), n)
    said, labels = p.argmax(axis=1), list(range(classes))
    want = {
        "accuracy": known_good.accuracy_score(truth, said),
        "macro_f1": known_good.f1_score(truth, said, labels=labels, average="macro"),
        "balanced_accuracy": known_good.balanced_accuracy_score(truth, said),
        "log_loss": known_good.log_loss(truth, p, labels=labels),
        "roc_auc": known_good.roc_auc_score(truth, p[:, 1])
        if classes == 2
        else known_good.roc_auc_score(truth, p, multi_class="ovr", labels=labels),
    }
    for name, value in want.items():
        assert score(name, truth, p) == pytest.approx(value, abs=1e-9), name


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), offset=st.sampled_from([0.0, 1.7e9]))
def test_real_metrics_equal_scikit_learns(seed: int, offset: float) -> None:
    rng = np.random.default_rng(seed)
    truth = offset + rng.normal(size=30)
    prediction = truth + rng.normal(size=30)
    want = {
        "mae": known_good.mean_absolute_error(truth, prediction),
        "mse": known_good.mean_squared_error(truth, prediction),
        "rmse": known_good.root_mean_squared_error(truth, prediction),
        "r2": known_good.r2_score(truth, prediction),
    }
    for name, value in want.items():
        assert score(name, truth, prediction) == pytest.approx(value, rel=1e-6), name


def test_absent_class_leaves_the_macro_mean() -> None:
    truth = np.array([0, 0, 1, 1])
    p = np.eye(3)[[0, 0, 1, 0]]
    want = known_good.f1_score(truth, p.argmax(axis=1), labels=[0, 1], average="macro")
    assert score("macro_f1", truth, p) == pytest.approx(want)
    assert score("balanced_accuracy", truth, p) == pytest.approx(0.75)
    assert score("macro_f1", truth, np.eye(3)[truth]) == 1.0
    # saying the absent class costs recall of those that are there
    assert score("balanced_accuracy", truth, np.eye(3)[[0, 2, 1, 1]]) == pytest.approx(0.75)


def test_sure_and_wrong_costs_a_finite_loss() -> None:
    assert score("log_loss", np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])) == pytest.approx(
        18.02, abs=0.01
    )


def test_roc_auc_without_two_classes_is_no_number() -> None:
    assert np.isnan(score("roc_auc", np.zeros(3, dtype=int), np.ones((3, 2)) / 2))


@pytest.mark.parametrize(
    ("share", "n", "want"), [(1.0, 10, (0.7225, 1.0)), (0.0, 10, (0.0, 0.2775)), (0.5, 40, (0.3520, 0.6480))]
)
def test_wilson(share: float, n: int, want: tuple[float, float]) -> None:
    assert wilson(share, n) == pytest.approx(want, abs=1e-4)


def test_perfect_accuracy_has_a_width() -> None:
    truth = np.arange(40) % 2
    made = score_with_interval(parse("metric", "accuracy"), truth, [np.eye(2)[truth]], np.arange(40) // 4)  # type: ignore[arg-type]
    assert (made.value, made.high, made.units) == (1.0, 1.0, 10)
    assert made.low == pytest.approx(0.7225, abs=1e-4)
    assert made.how == "Wilson, over groups"


def test_interval_says_what_it_drew() -> None:
    truth = np.random.default_rng(0).normal(size=30)
    made = score_with_interval(parse("metric", "mae"), truth, [truth + 1], None)  # type: ignore[arg-type]
    assert made.how == "bootstrap over samples (no groups are known)"
    assert made.units == 30
    assert made.low == pytest.approx(1)


def test_intervals_over_groups_are_wider_where_groups_differ() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), 30)
    error = np.repeat(rng.normal(size=10), 30) + 0.1 * rng.normal(size=300)
    truth, metric = np.zeros(300), parse("metric", "mae")
    by_group = score_with_interval(metric, truth, [error], groups)  # type: ignore[arg-type]
    by_sample = score_with_interval(metric, truth, [error], None)  # type: ignore[arg-type]
    assert (by_group.high - by_group.low) > 3 * (by_sample.high - by_sample.low)


@pytest.mark.parametrize("name", ["accuracy", "mae"])
def test_intervals_cover_the_truth_about_as_often_as_they_say(name: str) -> None:
    """Groups with their own level, 40 of them: the percentile bootstrap falls a little short of 95 %."""
    rng = np.random.default_rng(1)
    metric, inside = parse("metric", name), 0
    for _ in range(100):
        level = np.repeat(rng.beta(6, 2, size=40), 5)
        if name == "accuracy":
            right, true_value = rng.random(200) < level, 0.75
            truth, prediction = np.zeros(200, dtype=int), np.eye(2)[np.where(right, 0, 1)]
        else:
            truth, prediction, true_value = np.zeros(200), rng.exponential(level), 0.75
        made = score_with_interval(metric, truth, [prediction], np.repeat(np.arange(40), 5))  # type: ignore[arg-type]
        inside += made.low <= true_value <= made.high
    assert 86 <= inside <= 100


@pytest.mark.parametrize("units", [6, 12])
def test_intervals_of_few_units_are_those_of_students_t(units: int) -> None:
    """Of a mean of normal values the answer is known: expanded percentiles come near it, plain ones do not."""
    from scipy import stats

    rng, metric, ratios, plain = np.random.default_rng(2), parse("metric", "mae"), [], []
    for _ in range(20):
        error = 10 + rng.normal(size=units)
        known = 2 * stats.t.ppf(0.975, units - 1) * error.std(ddof=1) / np.sqrt(units)
        made = score_with_interval(metric, np.zeros(units), [error], None)  # type: ignore[arg-type]
        ratios.append((made.high - made.low) / known)
        plain.append(2 * 1.96 * error.std() / np.sqrt(units) / known)
    assert np.mean(ratios) == pytest.approx(1, abs=0.12)
    assert np.mean(ratios) > np.mean(plain) + 0.05


def test_repeats_are_averaged() -> None:
    truth = np.zeros(10)
    made = score_with_interval(parse("metric", "mae"), truth, [truth + 1, truth + 3], None)  # type: ignore[arg-type]
    assert made.value == 2.0


def test_interval_is_equal_for_an_equal_seed() -> None:
    rng = np.random.default_rng(0)
    truth, prediction = rng.normal(size=30), rng.normal(size=30)
    drawn = [
        score_with_interval(parse("metric", "rmse"), truth, [prediction], None, seed) for seed in (1, 1, 2)
    ]  # type: ignore[arg-type]
    assert drawn[0] == drawn[1] != drawn[2]
