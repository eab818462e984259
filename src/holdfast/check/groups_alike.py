"""HF103: groups that look like one, as a person under two ids."""

from __future__ import annotations

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.check.digests import blank, equal_pairs, train_digests
from holdfast.check.disguise import summaries_of
from holdfast.check.near import LIKE_KINDS, comparable, copies_but_not_equal, likeness, near_train

FOLDS = 3
SAMPLES = 4  # a group of fewer is not looked for
MOST = 20_000  # of more samples, some of each group are looked at
GROUPS = 4
COMPONENTS = 100
ROWS = 4  # for each component
AS_SELF = 0.5  # one is taken for the other at least half as often as for itself
SHARE = 0.15  # of the samples of both, at least
SPREAD = 0.37  # of one sample's answer, where that share is about what is asked
TIMES = 3.0  # as often as the most similar tenth of all pairs


class GroupsAlike(Check):
    """Groups that may be one: they share copies, or a classifier of groups cannot tell them apart, and others it can.

    Linear discriminant analysis learns which group a sample is of, and is asked on held-out samples of the same
    groups. Two are alike where one is taken for the other about as often as for itself, and far more often than
    other pairs are. The limit grows with the number of pairs and falls with samples.
    """

    code = "HF103"
    name = "groups that look like one"
    severity = "warning"
    when = "data"
    kinds = LIKE_KINDS
    where = "both"

    def look(self, seen: Seen) -> Finding:
        data = seen.train
        if data.groups is None:
            return self.not_applicable("no groups are declared")
        if not comparable(seen):
            return self.not_applicable(
                f"{len(data)} samples are too few to tell, or too large to be compared"
            )
        names, code = np.unique(data.groups, return_inverse=True)
        copied, mistaken = shared_copies(seen, code), mistaken_groups(seen, code)
        pairs = sorted(
            set(copied) | set(mistaken), key=lambda pair: (-copied.get(pair, 0), -mistaken.get(pair, 0))
        )
        thinned = near_train(seen).of(len(data))
        if not pairs:
            return self.passed(f"no two groups share copies or look alike{thinned}")
        a, b = pairs[0]
        why = (
            f"{copied[a, b]} pairs of copies"
            if (a, b) in copied
            else f"{mistaken[a, b]:.0%} of their samples are taken for the other's"
        )
        return self.found(
            f"{len(pairs)} pairs of groups look like one, as {names[a]} and {names[b]}: {why}{thinned}",
            "ask whether they are one person or one recording under two names; if so, give them one in data.group",
            [(names[a], names[b]) for a, b in pairs],
        )


def shared_copies(seen: Seen, code: np.ndarray) -> dict[tuple[int, int], int]:
    """How many copies each pair of groups shares."""
    first, second = equal_pairs(train_digests(seen))
    if len(first):
        varied = ~blank(seen.train.take(first))
        first, second = first[varied], second[varied]
    near = copies_but_not_equal(seen)
    first, second = code[np.r_[first, near[0]]], code[np.r_[second, near[1]]]
    pairs = np.sort(np.stack([first, second], axis=1)[first != second], axis=1)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    return {(int(a), int(b)): int(count) for (a, b), count in zip(found, counts)}


def mistaken_groups(seen: Seen, code: np.ndarray) -> dict[tuple[int, int], float]:
    """Pairs of groups that a classifier does not tell apart, with the share of their samples taken for the other's."""
    rows = np.flatnonzero(np.bincount(code)[code] >= SAMPLES)
    rows = rows[evenly(code[rows], MOST)]
    held, own = np.unique(code[rows], return_inverse=True)
    if len(held) < GROUPS:
        return {}
    features = _features(seen, rows)
    if features.shape[1] == 0:
        return {}
    said = seen.aside.begin(_said, features, own)()
    met = np.zeros((len(held), len(held)))
    np.add.at(met, (own, said), 1)
    right, size = np.diag(met), met.sum(axis=1)
    samples = size[:, None] + size
    share, as_self = (met + met.T) / samples, (met + met.T) / np.maximum(right[:, None] + right, 1)
    above = np.triu_indices(len(held), 1)
    noise = SPREAD * np.sqrt(2 * np.log(len(above[0])) / samples)
    limit = np.maximum(np.maximum(SHARE, noise), TIMES * np.quantile(share[above], 0.9))
    alike = (share >= limit) & (as_self >= AS_SELF) & (np.minimum(met, met.T) > 0)
    return {(int(held[a]), int(held[b])): float(share[a, b]) for a, b in np.argwhere(np.triu(alike, 1))}


def evenly(code: np.ndarray, most: int) -> np.ndarray:
    """Which of samples with these groups are kept: all, or of more than `most` evenly spread ones of each group.

    As many of each, and not fewer than a group must have.

    >>> evenly(np.array([0, 0, 0, 0, 1, 0]), 3).tolist()
    [True, False, True, True, True, True]
    >>> evenly(np.repeat([0, 1], [12, 2]), 12).nonzero()[0].tolist()
    [0, 2, 4, 6, 8, 10, 12, 13]
    """
    if len(code) <= most:
        return np.ones(len(code), dtype=bool)
    count = np.bincount(code)
    rank, order = np.empty(len(code), dtype=np.int64), np.argsort(code, kind="stable")
    rank[order] = np.arange(len(code)) - (np.cumsum(count) - count)[code[order]]
    each, size = max(SAMPLES, most // int(np.count_nonzero(count))), count[code]
    return np.asarray((size <= each) | (rank * each // size != (rank - 1) * each // size))


def _features(seen: Seen, rows: np.ndarray) -> np.ndarray:
    """What tells persons apart, `(n, features)`: level and spread beside shape, of photos colour by blocks."""
    summary = summaries_of(seen)[1][rows]
    if seen.train.kind == "images":
        return _of_one_weight(summary)
    shape = _of_one_weight(likeness(seen).features[rows])
    return shape if seen.train.kind == "table" else np.concatenate([shape, _of_one_weight(summary)], axis=1)


def _of_one_weight(X: np.ndarray) -> np.ndarray:
    """Columns that vary on one scale, all of them together of variance 1."""
    X = np.nan_to_num(np.asarray(X, dtype=np.float64))
    spread = X.std(axis=0)
    X = X[:, spread > 0]
    return (X - X.mean(axis=0)) / spread[spread > 0] / np.sqrt(max(X.shape[1], 1))


def _said(X: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The group that each sample is taken for, by a classifier that has not seen it."""
    from sklearn.decomposition import PCA
    from sklearn.model_selection import StratifiedKFold

    most = max(1, min(COMPONENTS, X.shape[1], len(X) // ROWS))
    said = np.empty(len(X), dtype=np.int64)
    for train, valid in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(X, own):
        shrunk = PCA(most, random_state=0).fit(X[train])
        said[valid] = _discriminant(shrunk.transform(X[train]), own[train], shrunk.transform(X[valid]))
    return said


def _discriminant(X: np.ndarray, own: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Linear discriminant analysis with one shrunk covariance within groups (Ledoit and Wolf 2004), not one a group."""
    from sklearn.covariance import ledoit_wolf

    count = np.bincount(own)
    means = np.stack([np.bincount(own, weights=column) for column in X.T], axis=1) / count[:, None]
    directions = np.linalg.lstsq(ledoit_wolf(X - means[own], assume_centered=True)[0], means.T)[0]
    score = asked @ directions - (means.T * directions).sum(axis=0) / 2 + np.log(count / len(own))
    return np.asarray(score.argmax(axis=1))


CHECKS = (GroupsAlike,)
