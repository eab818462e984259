"""Looks of an ablation: what they may spend, and how often they are wrong where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from holdfast.metrics.paired import Paired
from holdfast.metrics.verdict import ALPHA
from holdfast.study.ablate_looks import judge, planned, share

FAMILIES, K, REPEATS, VARIANTS = 1000, 5, 3, 4


def p_of(folds: np.ndarray) -> np.ndarray:
    """The corrected test's p of `(…, folds)` differences."""
    error = folds.std(axis=-1, ddof=1) * (1 / folds.shape[-1] + 1 / (K - 1)) ** 0.5
    return np.asarray(2 * t.sf(np.abs(folds.mean(axis=-1)) / error, folds.shape[-1] - 1))


def of_p(p: float) -> Paired:
    return Paired(1.0, 0.0, 2.0, p, 1.0, 0.25, (1.0, 1.0))


@pytest.mark.parametrize(("k", "repeats"), [(3, 1), (5, 1), (10, 1), (5, 4)])
def test_looks_together_spend_no_more_than_all(k: int, repeats: int) -> None:
    looks, total = planned(k, repeats), k * repeats
    assert looks[-1] == total
    spent = [share(n, before, total) for n, before in zip(looks, (0, *looks), strict=False)]
    assert sum(spent) == pytest.approx(1)
    assert spent == sorted(spent)
    between = [share(4, 0, total), share(total, 4, total)]  # a budget that ends after four folds
    assert sum(between) == pytest.approx(1)


def test_by_hand_two_variants_and_two_looks() -> None:
    """The first look has 0.216 of 0.05, and half of that for each; what is told leaves all to the other."""
    early, late = 0.216 * ALPHA, 0.784 * ALPHA
    got = judge({"a": {3: of_p(early / 2.1)}, "b": {3: of_p(0.5), 5: of_p(late / 1.1)}}, 5)
    assert (got["a"].at, got["b"].at) == (3, 5)
    assert got["a"].adjusted == pytest.approx(2 * ALPHA / 2.1)
    assert got["b"].adjusted == pytest.approx(ALPHA / 1.1)
    weaker = judge({"a": {3: of_p(early / 1.9)}, "b": {3: of_p(0.5), 5: of_p(late / 1.1)}}, 5)
    assert (weaker["a"].at, weaker["b"].at) == (None, None), "a is not told and keeps its share"


def test_a_variant_that_is_not_looked_at_counts_all_the_same() -> None:
    alone = judge({"a": {5: of_p(0.03)}}, 5)
    beside = judge({"a": {5: of_p(0.03)}, "b": {}}, 5)
    assert alone["a"].at == 5
    assert beside["a"].at is None
    assert beside["b"].adjusted == 1.0


def test_looks_at_four_variants_rarely_tell_of_what_is_not_there() -> None:
    """Simulated: fifteen folds' differences of mean 0, correlated by the share that is scored, one variant truly better."""
    rng, rho, total = np.random.default_rng(0), 1 / K, K * REPEATS
    common, own = (rng.normal(size=(FAMILIES, VARIANTS, n)) for n in (1, total))
    folds = rho**0.5 * common + (1 - rho) ** 0.5 * own
    folds[:, 0] += 5.0
    p = {n: p_of(folds[..., :n]) for n in planned(K, REPEATS)}
    alarms = found = 0
    for family in range(FAMILIES):
        seen = {str(i): {n: of_p(each[family, i]) for n, each in p.items()} for i in range(VARIANTS)}
        told = judge(seen, total)
        found += told["0"].at is not None
        alarms += any(told[str(i)].at is not None for i in range(1, VARIANTS))
    naive = np.any([each[:, 1:] < ALPHA for each in p.values()], axis=(0, 2)).sum()
    assert alarms / FAMILIES <= 0.06
    assert naive / FAMILIES > 0.15
    assert found / FAMILIES > 0.95
