"""Verdicts: the posterior beside scipy's and by hand, repeats beside trying them out, false alarms where nothing is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from holdfast.metrics.paired import Paired, corrected_error, t_interval
from holdfast.metrics.verdict import ALPHA, CANT_TELL, HELPS, HURTS, belief, repeats_to_tell, verdicts

RATIO = 0.25  # five folds


def seen(per_fold: list[float], ratio: float = RATIO) -> Paired:
    """The comparison whose folds differ so."""
    difference = float(np.nanmean(per_fold))
    error, freedom = corrected_error(np.array([one for one in per_fold if not math.isnan(one)]), ratio)
    return Paired(difference, *t_interval(difference, error, freedom), error, ratio, tuple(per_fold))


def test_posterior_is_the_students_t_of_the_paper() -> None:
    per_fold = [0.01, 0.03, 0.02, 0.05, -0.01]
    got = belief(seen(per_fold), True, 0.01)
    # rho = 1 / 5 of the rows is scored: variance × (1/5 + rho / (1 - rho)), four degrees of freedom
    posterior = t(4, loc=0.02, scale=(np.var(per_fold, ddof=1) * (1 / 5 + 0.2 / 0.8)) ** 0.5)
    assert got.hurts == pytest.approx(posterior.cdf(-0.01))
    assert got.equivalent == pytest.approx(posterior.cdf(0.01) - posterior.cdf(-0.01))
    assert got.helps == pytest.approx(posterior.sf(0.01))


def test_without_a_region_belief_and_the_one_sided_p_are_one() -> None:
    found = seen([0.01, 0.03, 0.02, 0.05, -0.01])
    assert belief(found, True, 0.0).hurts == pytest.approx(found.p / 2)
    assert belief(found, True, 0.0).equivalent == pytest.approx(0)


@settings(max_examples=30, deadline=None)
@given(
    per_fold=st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=12), rope=st.floats(0, 0.5, width=16)
)
def test_direction_of_the_metric_turns_belief_and_word(per_fold: list[float], rope: float) -> None:
    found = seen(per_fold)
    up, down = (belief(found, greater, rope) for greater in (True, False))
    assert up.helps + up.equivalent + up.hurts == pytest.approx(1)
    assert (up.helps, up.hurts) == pytest.approx((down.hurts, down.helps))
    words = [verdicts([found], greater, rope, 5)[0].says for greater in (True, False)]
    assert words in ([CANT_TELL, CANT_TELL], [HELPS, HURTS], [HURTS, HELPS])


def test_equal_sides_are_equivalent_and_one_fold_tells_nothing() -> None:
    same = verdicts([seen([0.0] * 5)], True, 0.01, 5)[0]
    assert (same.says, same.belief.equivalent, same.repeats_more) == (CANT_TELL, 1.0, math.inf)
    alone = verdicts([seen([0.3])], True, 0.01, 5)[0]
    assert alone.says == CANT_TELL
    assert alone.plain()["helps"] is None
    assert alone.plain()["repeats_more"] == "never"


def test_a_fold_without_a_score_is_left_out_of_the_freedom() -> None:
    whole, gap = seen([0.1, 0.2, 0.15]), seen([0.1, 0.2, 0.15, math.nan])
    assert belief(gap, True, 0.01) == belief(whole, True, 0.01)
    assert repeats_to_tell(gap, 5) == repeats_to_tell(whole, 5)


def test_holm_holds_back_what_one_alone_would_say() -> None:
    clear = seen([0.04, 0.05, 0.06, 0.05, 0.05])
    weak = seen([0.02, 0.05, 0.05, 0.01, 0.04])
    assert weak.p < ALPHA < 2 * weak.p
    assert verdicts([weak], True, 0.0, 5)[0].says == HELPS
    several = verdicts([weak, weak, clear], True, 0.0, 5)
    assert [one.says for one in several] == [CANT_TELL, CANT_TELL, HELPS]
    assert [one.repeats_more for one in several] == [1.0, 1.0, 0.0]


@settings(max_examples=40, deadline=None)
@given(size=st.floats(0.3, 3), count=st.integers(3, 10), k=st.integers(2, 10))
def test_repeats_to_tell_are_enough_and_one_less_is_not(size: float, count: int, k: int) -> None:
    spread = np.linspace(-1, 1, count) / np.linspace(-1, 1, count).std(ddof=1)
    found = seen(list(size + spread), 1 / (k - 1))

    def p_after(repeats: int) -> float:
        folds = count + repeats * k
        return t_interval(size, (1 / folds + found.ratio) ** 0.5, folds - 1)[2]

    more = repeats_to_tell(found, k)
    if math.isinf(more):
        assert p_after(5000) > ALPHA
        assert size <= 1.961 * found.ratio**0.5
    else:
        assert p_after(int(more)) <= ALPHA + 1e-9
        assert more == 0 or p_after(int(more) - 1) > ALPHA


def test_false_alarms_of_four_together_stay_below_one_in_twenty() -> None:
    """Simulated: folds' differences that share training rows, so correlated by the share that is scored, of mean 0."""
    rng, k, repeats, families = np.random.default_rng(0), 5, 3, 500
    count, rho = k * repeats, 1 / k
    alarms = naive = 0
    for _ in range(families):
        common, own = rng.normal(size=(4, 1)), rng.normal(size=(4, count))
        found = [seen(list(one), RATIO) for one in rho**0.5 * common + (1 - rho) ** 0.5 * own]
        alarms += any(one.says != CANT_TELL for one in verdicts(found, True, 0.0, k))
        plain = [corrected_error(np.array(one.per_fold), 0.0) for one in found]
        naive += any(t_interval(one.difference, *error)[2] < ALPHA for one, error in zip(found, plain))
    assert alarms / families <= 0.06
    assert naive / families > 0.3
