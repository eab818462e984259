"""Scores from sums: one set of resamples for all, differences that are paired."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.metrics import intervals
from holdfast.metrics.intervals import (
    change_of_draws,
    mean_score,
    resampled,
    score_of_draws,
    score_of_parts,
    score_with_interval,
    units_of,
)
from holdfast.metrics.rain import MaeCsi
from holdfast.metrics.real import Mae


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, a prediction, and groups that differ much."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(8), 5)
    truth = rng.normal(size=40)
    return truth, truth + (1 + groups) * rng.normal(size=40), groups


def test_parts_give_the_interval_of_the_rows() -> None:
    truth, said, groups = drawn()
    want = score_with_interval(Mae(), truth, [said, said + 1], groups, seed=3)
    parts = [Mae().parts(truth, one) for one in (said, said + 1)]
    assert score_of_parts(Mae(), parts, units_of(40, groups), seed=3) == want
    assert (want.units, want.how) == (8, "bootstrap over groups")


def test_resamples_are_the_same_however_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, said, groups = drawn()
    units, parts = units_of(40, groups), [Mae().parts(truth, said), Mae().parts(truth, 2 * said)]
    first, second = resampled(parts, units, seed=1)
    assert first.shape == (intervals.RESAMPLES, 2)
    monkeypatch.setattr(intervals, "COUNTS", 8 * 300)
    for want, got in zip((first, second), resampled(parts, units, seed=1)):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    (alone,) = resampled(parts[1:], units, seed=1)
    np.testing.assert_allclose(alone, second, rtol=1e-12)


def test_paired_difference_is_surer_than_two_intervals() -> None:
    """A prediction that is a tenth worse in every row: the groups differ, the change does not."""
    truth, said, groups = drawn()
    units = units_of(40, groups)
    parts = [Mae().parts(truth, truth + factor * (said - truth)) for factor in (1.1, 1.0)]
    (own, other), draws = (
        (mean_score(Mae(), [part.sum(axis=0)]) for part in parts),
        resampled(parts, units, 0),
    )
    made = change_of_draws(float(own), float(other), *(Mae().combine(one) for one in draws), units)
    assert made.value == pytest.approx(0.1 * other)
    assert 0 < made.low < made.value < made.high
    assert (made.percent, made.percent_low, made.percent_high) == pytest.approx((10, 10, 10))
    assert (made.how, made.units) == ("paired bootstrap over groups", 8)
    alone = [score_of_parts(Mae(), [part], units) for part in parts]
    assert alone[0].low < alone[1].high, "the two intervals overlap"


def test_infinite_and_missing_resamples_leave_ends() -> None:
    units = units_of(400, None)
    draws = np.array([*np.linspace(1, 2, 50), *[np.inf] * 50])
    made = score_of_draws(1.5, draws, units)
    assert made.low == pytest.approx(1.04, abs=0.03)
    assert made.high == np.inf
    gaps = score_of_draws(1.5, np.array([np.nan, 1.0, 2.0]), units)
    assert 1 <= gaps.low < gaps.high <= 2
    nothing = score_of_draws(np.nan, np.full(3, np.nan), units)
    assert np.isnan([nothing.low, nothing.high]).all()


def test_a_dead_forecast_has_a_score_and_an_interval() -> None:
    truth = np.ones((6, 1, 2, 2), dtype=np.float32)
    made = score_with_interval(MaeCsi(), truth, [np.zeros_like(truth)], np.arange(6) // 2)
    assert (made.value, made.low, made.high) == (np.inf, np.inf, np.inf)
