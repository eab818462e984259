"""Folds of whole groups with even class shares."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from holdfast.folds.grouped import stratified_group_folds

GROUPS = np.repeat(np.arange(20), 30)
RNG = np.random.default_rng(0)
CLASSES = np.concatenate([RNG.choice(4, size=30, p=RNG.dirichlet([2, 2, 1, 0.5])) for _ in range(20)])


def uneven(fold: np.ndarray) -> float:
    """Mean over classes of the deviation over folds of the class's share."""
    shares = np.zeros((5, 4))
    np.add.at(shares, (fold, CLASSES), 1)
    return float((shares / shares.sum(axis=0)).std(axis=0).mean())


def test_another_seed_draws_other_folds_and_the_same_seed_the_same() -> None:
    made = [stratified_group_folds(CLASSES, GROUPS, 5, seed) for seed in (0, 0, 1, 2)]
    together = [one[:, None] == one[None, :] for one in made]  # who shares a fold, whatever its number
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(together[0], together[2])
    assert not np.array_equal(together[2], together[3])


def test_shares_are_as_even_as_scikit_learns() -> None:
    theirs = np.empty(len(CLASSES), dtype=int)
    for k, (_, valid) in enumerate(
        StratifiedGroupKFold(5, shuffle=True, random_state=0).split(CLASSES, CLASSES, GROUPS)
    ):
        theirs[valid] = k
    for seed in range(5):
        assert uneven(stratified_group_folds(CLASSES, GROUPS, 5, seed)) <= 1.1 * uneven(theirs)


def test_as_many_groups_as_folds_gives_each_its_own() -> None:
    fold = stratified_group_folds(np.arange(12) % 2, np.repeat(["a", "b", "c"], 4), 3, 0)
    assert sorted(
        np.unique(fold[:4]).tolist() + np.unique(fold[4:8]).tolist() + np.unique(fold[8:]).tolist()
    ) == [0, 1, 2]


def test_a_class_held_by_k_groups_is_in_every_fold() -> None:
    groups = np.repeat(np.arange(15), 10)
    y = np.where(np.isin(groups, [1, 4, 8, 11, 13]) & (np.arange(150) % 10 == 0), 1, 0)
    for seed in range(5):
        fold = stratified_group_folds(y, groups, 5, seed)
        assert np.unique(fold[y == 1]).tolist() == [0, 1, 2, 3, 4]
