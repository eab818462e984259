"""HF108: folds that mix a sequence in time."""

from __future__ import annotations

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.data.dataset import Dataset
from holdfast.folds.table import Folds

PIECES = 4  # a fold cuts a sequence into a few pieces; into more than so many for each fold, it mixes it
MIXED = 0.25  # of the samples; the borders of a few blocks are no matter
DRAWS = 200
LEVEL = 0.01


class OrderBroken(Check):
    """Folds that score samples between training samples of the same sequence.

    Where `data.order` is declared, neighbours in time are alike, and a model that has seen a sample's neighbours on
    both sides is asked to fill in, not to foresee. A quarter of the samples must be in that place. Whole blocks of
    time are no finding, although blocks in the middle are scored with later data: they do not pretend otherwise.
    Nor is an order in which neighbours' targets are no more alike than chance (permutation test).
    """

    code = "HF108"
    name = "time order broken by the folds"
    severity = "error"
    when = "folds"

    def look(self, seen: Seen) -> Finding:
        data, folds = seen.train, seen.folds
        assert folds is not None
        if data.order is None:
            return self.not_applicable("the recipe names no data.order")
        mixed = mixed_rows(data, folds)
        if len(mixed) < MIXED * len(data):
            return self.passed("folds do not mix samples with the training part of their own sequence")
        p = memory(data)
        if p > LEVEL:
            return self.passed(
                f"folds mix samples in time, but targets of neighbours are no more alike than chance (p {p:.2g})"
            )
        return self.found(
            f"{len(mixed)} of {len(data)} samples are scored with training samples just before or after them in"
            f" time, and neighbours have like targets (p {p:.2g}), as {data.ids[mixed[0]]}",
            "split by time: folds: {kind: blocks, guard: …}, or name the recording in data.group",
            data.ids[mixed],
        )


def sequences(data: Dataset) -> np.ndarray:
    """Rows in order of (group, time), and where a new group starts."""
    assert data.order is not None
    codes = (
        np.zeros(len(data), dtype=int)
        if data.groups is None
        else np.unique(data.groups, return_inverse=True)[1]
    )
    rows = np.lexsort((data.order, codes))
    return np.stack([rows, codes[rows]])


def mixed_rows(data: Dataset, folds: Folds) -> np.ndarray:
    """Rows with a training row next to them in their sequence, in repeats that cut it into many pieces."""
    rows, group = sequences(data)
    same = group[1:] == group[:-1]
    found = np.zeros(len(data), dtype=bool)
    for repeat in range(folds.repeats):
        fold = folds.fold[repeat][rows]
        change = same & (fold[1:] != fold[:-1])
        pieces = np.bincount(group[1:], weights=change)
        many = np.zeros(len(pieces), dtype=bool)
        for one in np.flatnonzero(pieces > PIECES):
            many[one] = pieces[one] > PIECES * len(np.unique(fold[group == one]))
        where = np.flatnonzero(change & many[group[1:]])
        for one, other in ((where, where + 1), (where + 1, where)):  # scored, and its neighbour in training
            for k, left_out in enumerate(folds.left_out[repeat]):
                mine = one[fold[one] == k]
                trains = ~np.isin(rows[other[fold[one] == k]], left_out)
                found[rows[mine[trains]]] = True
    return np.flatnonzero(found)


def memory(data: Dataset) -> float:
    """p of a permutation test that targets of neighbours in a sequence are no more alike than any two of it."""
    assert data.target is not None
    rows, group = sequences(data)
    y = data.target[rows]
    same = group[1:] == group[:-1]
    classes = np.issubdtype(y.dtype, np.integer)

    def alike(values: np.ndarray) -> float:
        pairs = values[1:][same], values[:-1][same]
        return float((pairs[0] == pairs[1]).mean() if classes else -np.abs(pairs[0] - pairs[1]).mean())

    rng, said = np.random.default_rng(0), alike(y)
    shuffled = [alike(y[np.lexsort((rng.random(len(y)), group))]) for _ in range(DRAWS)]
    return (1 + sum(one >= said for one in shuffled)) / (1 + DRAWS)


CHECKS = (OrderBroken,)
