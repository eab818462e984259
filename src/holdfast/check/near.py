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
COMPARED = 3e8  # pairs: some seconds; of more samples, some evenly spread are compared with all
HELD = 1 << 30  # bytes of inputs: larger data are not held in memory to be compared


@dataclass(frozen=True)
class Near:
    """Samples `rows` and their nearest ones from other groups: `index` and `distance` `(m, k)`, and which are copies."""

    rows: np.ndarray
    index: np.ndarray
    distance: np.ndarray
    copies: np.ndarray

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies as pairs (row, its neighbour), nearest first."""
        row, place = np.nonzero(self.copies)
        order = np.argsort(self.distance[row, place], kind="stable")
        return self.rows[row[order]], self.index[row, place][order]

    def of(self, n: int) -> str:
        """What to say where not all of n samples were compared."""
        some = len(self.rows)
        return "" if some == n else f"; {some} of {n} samples were looked at for near copies"


def comparable(seen: Seen) -> bool:
    """Whether there are enough samples to say what is unusual, and no more than memory holds; photos are made small."""
    bytes_ = seen.train.nbytes + (0 if seen.test is None else seen.test.nbytes)
    return len(seen.train) >= FEWEST and (bytes_ <= HELD or seen.train.kind == "images")


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
    unit = units(seen)
    rows = _some(len(unit), len(unit))
    return seen.once("near train", lambda: _near(likeness(seen), rows, rows, unit[rows], unit))


def near_test(seen: Seen) -> Near:
    """Test samples beside training samples."""
    assert seen.test is not None
    n = len(seen.train)
    rows = _some(len(seen.test), n)
    own, theirs = np.full(len(rows), -1), np.zeros(n, dtype=int)
    return seen.once("near test", lambda: _near(likeness(seen), rows, n + rows, own, theirs))


def _some(count: int, others: int) -> np.ndarray:
    """All of so many rows, or as many evenly spread ones as can be compared with the others."""
    return np.unique(np.linspace(0, count - 1, min(count, max(1, int(COMPARED / others)))).astype(np.int64))


def _near(like: Likeness, named: np.ndarray, rows: np.ndarray, own: np.ndarray, theirs: np.ndarray) -> Near:
    distance, index = nearest(like.features, rows, own, theirs, like.flips)
    if like.measure is not None:
        measured = like.measure(rows, index)
        distance, index = in_order(np.where(np.isinf(distance), np.inf, measured), index)
    return Near(named, index, distance, unusual(distance) & (distance <= like.farthest))


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
        if not comparable(seen):
            few = f"{len(seen.train)} samples are too few to tell what is unusually near"
            return self.not_applicable(
                few if len(seen.train) < FEWEST else "the data are too large to be compared"
            )
        first, second = copies_but_not_equal(seen)
        both = apart(seen.folds, first, second)
        first, second = first[both], second[both]
        ids = seen.train.ids
        if len(first) == 0:
            said = "no sample is unusually near to one on the other side of a fold"
            return self.passed(said + near_train(seen).of(len(seen.train)))
        return self.found(
            f"{len(first)} pairs of nearly equal samples stand on both sides of a fold, as {ids[first[0]]} and"
            f" {ids[second[0]]}{near_train(seen).of(len(seen.train))}",
            "look at the pairs; keep one of each, or give both the same value of data.group",
            zip(ids[first], ids[second]),
            len(first),
        )


CHECKS = (NearCopies,)
