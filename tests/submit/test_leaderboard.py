"""Leaderboard beside CV: known orders, planted disagreement, and its clean twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.submit.leaderboard import agreement, change_of, rank_interval, scored

CV = [0.70, 0.72, 0.74, 0.76, 0.78, 0.80, 0.82, 0.84, 0.86, 0.88]


def row(i: int, cv: float, public: float | None, **more: Any) -> dict[str, Any]:
    return {
        "id": f"s{i}", "run": f"r{i}", "place": "p", "path": f"run-{i}", "state": "added", "metric": "accuracy",
        "greater_is_better": True, "value": cv, "low": cv - 0.03, "high": cv + 0.03, "public": public, **more,
    }  # fmt: skip


def compared(first: int, other: int, half: float, member: str = "ensemble") -> dict[str, Any]:
    names = {"first": f"run-{first}", "other": f"run-{other}"}
    return {**names, "place": "p", "member": member, "low": 0.02 - half, "high": 0.02 + half}


def test_an_equal_order_agrees_and_a_turned_one_alarms() -> None:
    alike = agreement([row(i, cv, cv - 0.1) for i, cv in enumerate(CV)])
    assert (alike.runs, alike.value, alike.high, alike.parted) == (10, 1.0, 1.0, False)
    turned = agreement([row(i, cv, -cv) for i, cv in enumerate(CV)])
    assert (turned.value, turned.low, turned.parted) == (-1.0, -1.0, True)


def test_few_runs_tell_nothing() -> None:
    few = agreement([row(i, cv, -cv) for i, cv in enumerate(CV[:5])])
    assert (few.runs, few.value, few.parted) == (5, None, False)
    assert agreement([]).runs == 0
    assert agreement([row(i, cv, 0.5) for i, cv in enumerate(CV)]).value is None


def test_each_run_counts_once_and_only_scored_ones_of_its_metric() -> None:
    rows = [row(i, cv, cv) for i, cv in enumerate(CV[:6])]
    other = [
        row(0, 0.7, None), row(1, 0.2, 0.1, state="withdrawn"), row(2, 0.3, 0.3, metric="mae"), row(3, 0.76, 0.9),
        {**row(9, 0.9, 0.9), "value": None},
    ]  # fmt: skip
    assert len(scored([*rows, *other])) == 7
    found = agreement([*other, *rows])
    assert (found.runs, found.value) == (6, 1.0)


def test_the_paired_interval_is_taken_where_it_is_known() -> None:
    rows = [row(0, 0.80, 0.70), row(1, 0.82, 0.72)]
    alone = change_of("s1", rows, [compared(0, 1, 0.001, member="conv"), compared(0, 2, 0.001)])
    assert alone is not None
    assert (alone.noise, alone.paired, alone.within_noise) == (pytest.approx(0.03), False, True)
    for told in (compared(0, 1, 0.01), compared(1, 0, 0.01)):
        paired = change_of("s1", rows, [told])
        assert paired is not None
        assert (paired.noise, paired.paired, paired.within_noise) == (pytest.approx(0.01), True, False)
    assert change_of("s0", rows, []) is None
    assert change_of("none", rows, []) is None


@pytest.mark.parametrize(("public", "parted"), [(0.6, True), (0.78, False), (0.69, False)])
def test_opposite_ways_alarm_only_beyond_the_noise(public: float, parted: bool) -> None:
    change = change_of("s1", [row(0, 0.70, 0.70), row(1, 0.80, public)], [])
    assert change is not None
    assert change.parted is parted


def test_the_interval_holds_what_it_should() -> None:
    """Simulated pairs of a known rank correlation: 95 % of the intervals hold it, as nearly as 400 draws tell."""
    from scipy.stats import spearmanr

    rng, true = np.random.default_rng(0), 0.8
    linear = 2 * np.sin(np.pi * true / 6)  # Pearson's of normal pairs whose Spearman's is `true`
    held = 0
    for _ in range(400):
        x, e = rng.normal(size=(2, 12))
        low, high = rank_interval(float(spearmanr(x, linear * x + np.sqrt(1 - linear**2) * e).statistic), 12)
        held += low <= true <= high
    assert 0.92 <= held / 400 <= 0.99
