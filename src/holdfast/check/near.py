"""HF102: nearly equal samples on both sides of a fold; and the pairs that other checks take from here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.check.digests import train_digests
from holdfast.check.likeness import Likeness
from holdfast.check.near_photos import photos_alike
from holdfast.check.near_rows import rows_alike
from holdfast.check.near_windows import windows_alike
from holdfast.check.neighbours import in_order, nearest, unusual
from holdfast.check.sides import apart

ALIKE = {"table": rows_alike, "windows": windows_alike, "images": photos_alike}
LIKE_KINDS = tuple(ALIKE)
FEWEST = 12  # samples from which on it can be said what is unusual


@dataclass(frozen=True)
class Near:
    """Samples and their nearest ones from other groups: `index` and `distance` `(n, k)`, and which are copies."""

    index: np.ndarray
    distance: np.ndarray
    copies: np.ndarray

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies as pairs (row, its neighbour), nearest first."""
        row, place = np.nonzero(self.copies)
        order = np.argsort(self.distance[row, place], kind="stable")
        return row[order], self.index[row, place][order]


def likeness(seen: Seen) -> Likeness:
    """Of the training samples, then the test samples where there are any."""
    parts = [seen.train, *([] if seen.test is None or len(seen.test) == 0 else [seen.test])]
    return seen.once("likeness", lambda: ALIKE[seen.train.kind](parts))


def units(seen: Seen) -> np.ndarray:
    """The number of each training sample's group; its own where no groups are known."""
    data = seen.train
    return np.arange(len(data)) if data.groups is None else np.unique(data.groups, return_inverse=True)[1]


def near_train(seen: Seen) -> Near:
    """Training samples beside training samples of other groups."""
    rows, unit = np.arange(len(seen.train)), units(seen)
    return seen.once("near train", lambda: _near(likeness(seen), rows, rows, unit, unit))


def near_test(seen: Seen) -> Near:
    """Test samples beside training samples."""
    assert seen.test is not None
    n, m = len(seen.train), len(seen.test)
    rows = n + np.arange(m)
    return seen.once(
        "near test", lambda: _near(likeness(seen), rows, np.arange(n), np.full(m, -1), np.zeros(n, dtype=int))
    )


def _near(like: Likeness, rows: np.ndarray, base: np.ndarray, own: np.ndarray, theirs: np.ndarray) -> Near:
    distance, index = nearest([view[rows] for view in like.views], like.views[0][base], own, theirs)
    if like.measure is not None:
        measured = like.measure(rows, base[index])
        distance, index = in_order(np.where(np.isinf(distance), np.inf, measured), index)
    return Near(index, distance, unusual(distance) & (distance <= like.farthest))


def each_once(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs without those that stand there a second time, the other way round.

    >>> [rows.tolist() for rows in each_once(np.array([4, 1, 2]), np.array([1, 4, 3]))]
    [[1, 2], [4, 3]]
    """
    pairs = np.stack([np.minimum(first, second), np.maximum(first, second)], axis=1)
    kept = np.sort(np.unique(pairs, axis=0, return_index=True)[1])
    return pairs[kept, 0], pairs[kept, 1]


def copies_but_not_equal(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of training samples of different groups (of any, where none are known) that are copies, but not exact."""
    first, second = each_once(*near_train(seen).pairs())
    codes = train_digests(seen)
    different = codes[first] != codes[second]
    return first[different], second[different]


class NearCopies(Check):
    """Samples nearly equal to one on the other side of a fold, as shifted or scaled windows, re-encoded photos.

    A pair is a copy where it is nearer than chance allows among these data's own neighbours (`unusual`).
    """

    code = "HF102"
    name = "near copies across folds"
    severity = "error"
    when = "folds"
    kinds = LIKE_KINDS

    def look(self, seen: Seen) -> Finding:
        assert seen.folds is not None
        if len(seen.train) < FEWEST:
            return self.not_applicable(
                f"{len(seen.train)} samples are too few to tell what is unusually near"
            )
        first, second = copies_but_not_equal(seen)
        both = apart(seen.folds, first, second)
        first, second = first[both], second[both]
        ids = seen.train.ids
        if len(first) == 0:
            return self.passed("no sample is unusually near to one on the other side of a fold")
        return self.found(
            f"{len(first)} pairs of nearly equal samples stand on both sides of a fold, as {ids[first[0]]} and"
            f" {ids[second[0]]}",
            "look at the pairs; keep one of each, or give both the same value of data.group",
            zip(ids[first], ids[second]),
            len(first),
        )


CHECKS = (NearCopies,)
