"""HF101, HF107: equal samples on both sides of a fold, and training samples in the test set."""

from __future__ import annotations

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.check.digests import blank, digests, equal_pairs, train_digests
from holdfast.check.near import LIKE_KINDS, comparable, near_test
from holdfast.check.sides import apart
from holdfast.data.dataset import Dataset


def equal_by_chance(data: Dataset) -> float:
    """Pairs of equal rows to be expected of a table whose columns were independent; 0 for other kinds."""
    if data.kind != "table":
        return 0.0
    X = data.read()
    shares = [(np.unique(column, return_counts=True)[1] / len(X)) for column in X.T]
    return len(X) ** 2 / 2 * float(np.prod([(share**2).sum() for share in shares]))


class ExactCopies(Check):
    """Samples whose inputs are the same, byte by byte, on both sides of a fold.

    Samples in which nothing varies are left alone. Where a table's columns hold so few different values that equal
    rows are to be expected, equal rows are no copies, and it is only said that there are some.
    """

    code = "HF101"
    name = "exact copies across folds"
    severity = "error"
    when = "folds"

    def look(self, seen: Seen) -> Finding:
        assert seen.folds is not None
        first, second = equal_pairs(train_digests(seen))
        both = apart(seen.folds, first, second)
        first, second = first[both], second[both]
        if len(first):
            varied = ~blank(seen.train.take(first))
            first, second = first[varied], second[varied]
        if len(first) == 0:
            return self.passed("no two equal samples stand on both sides of a fold")
        ids, said = seen.train.ids, f"{len(first)} pairs of equal samples stand on both sides of a fold"
        pairs = list(zip(ids[first], ids[second]))
        if (expected := equal_by_chance(seen.train)) >= 1:
            return self.found(
                f"{said}; the columns hold so few values that at least {expected:.0f} such pairs come by chance",
                "nothing, where these rows are different things that happen to be equal",
                pairs,
                severity="info",
            )
        return self.found(
            f"{said}, as {pairs[0][0]} and {pairs[0][1]}",
            "keep one of each, or give both the same value of data.group",
            pairs,
        )


class TrainInTest(Check):
    """Test samples that are training samples, equal or nearly so.

    A warning: out-of-fold scores are honest all the same, and the test set is not the user's to mend.
    """

    code = "HF107"
    name = "training samples in the test set"
    severity = "warning"
    when = "data"

    def look(self, seen: Seen) -> Finding:
        if seen.test is None or len(seen.test) == 0:
            return self.not_applicable("the recipe names no test set")
        pairs = self._equal(seen, seen.test)
        equal, thinned = len(pairs), ""
        if seen.train.kind in LIKE_KINDS and comparable(seen):
            near = near_test(seen)
            row, other = near.pairs()
            pairs |= {(int(j), int(i)) for i, j in zip(row, other)}
            thinned = near.of(len(seen.test))
        if not pairs:
            return self.passed(f"no test sample is a training sample, or nearly one{thinned}")
        by_chance = equal_by_chance(seen.train) >= 1
        listed = [(seen.train.ids[i], seen.test.ids[j]) for i, j in sorted(pairs)]
        samples = len({j for _, j in pairs})
        return self.found(
            f"{samples} of {len(seen.test)} test samples are training samples ({equal} pairs equal, {len(pairs) - equal}"
            f" nearly so), as {listed[0][1]}, which is {listed[0][0]}{thinned}",
            "expect a test score above the out-of-fold score, and ask who made the test set; the pairs are (train, test)",
            listed,
            severity="info" if by_chance else None,
        )

    def _equal(self, seen: Seen, test: Dataset) -> set[tuple[int, int]]:
        """Rows (train, test) with equal inputs, the first training sample of each."""
        codes, first = np.unique(train_digests(seen), return_index=True)
        tested = digests(test)
        place = np.minimum(np.searchsorted(codes, tested), len(codes) - 1)
        rows = np.flatnonzero((codes[place] == tested) & ~blank(test))
        return {(int(first[place[j]]), int(j)) for j in rows}


CHECKS = (ExactCopies, TrainInTest)
