"""Votes and ranks of members."""

from __future__ import annotations

import numpy as np

from holdfast.ensemble.hard_vote import HardVote
from holdfast.ensemble.rank_mean import RankMean


def vote(members: list[list[float]]) -> np.ndarray:
    return HardVote().predict(None, np.array(members)[:, None])[0]


def test_the_majority_wins_against_a_sure_member() -> None:
    said = vote([[0.6, 0.4, 0.0], [0.55, 0.45, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(said, [2 / 3, 0, 1 / 3], atol=1e-5)


def test_a_tie_goes_to_the_higher_mean_probability() -> None:
    assert vote([[0.6, 0.4, 0.0], [0.0, 0.1, 0.9]]).argmax() == 2
    assert vote([[0.9, 0.1, 0.0], [0.0, 0.4, 0.6]]).argmax() == 0


def probabilities(seed: int, n: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([1, 2, 5], size=n)


def fitted(members: np.ndarray) -> list:
    n = members.shape[1]
    return RankMean().fit(members, np.zeros(n, dtype=int), np.arange(n) % 5)


def test_equal_members_keep_their_ranks() -> None:
    one = probabilities(0)
    members = np.stack([one, one])
    np.testing.assert_allclose(RankMean().predict(fitted(members), members), one, atol=1e-6)


def test_the_scale_of_a_member_does_not_decide_the_order() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 40))
    plain = np.stack([first, second])
    loud = np.stack([first, 1000 * second])  # its plain mean would be the second's order
    orders = [np.argsort(RankMean().predict(fitted(one), one)) for one in (plain, loud)]
    assert np.array_equal(*orders)
    assert not np.array_equal(np.argsort(plain.mean(axis=0)), np.argsort(loud.mean(axis=0)))


def test_a_row_alone_gets_what_it_gets_among_others() -> None:
    members = np.stack([probabilities(0), probabilities(1)])
    learned, new = fitted(members), np.stack([probabilities(2, 9), probabilities(3, 9)])
    whole = RankMean().predict(learned, new)
    alone = np.concatenate([RankMean().predict(learned, new[:, i : i + 1]) for i in range(9)])
    np.testing.assert_array_equal(whole, alone)


def test_values_outside_those_seen_stay_inside() -> None:
    members = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    np.testing.assert_allclose(RankMean().predict(fitted(members), np.array([[-9.0, 9.0]] * 2)), [0, 2])
