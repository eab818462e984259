"""HF106: a feature that is the target in disguise."""

from __future__ import annotations

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.check.single import told, worth_a_look
from holdfast.data.dataset import Dataset
from holdfast.data.scratch import put_together, scratch

TELLS = 0.95  # of what there is to tell: 0 as a constant, 1 every sample right
TIMES = 4.0  # the best other feature leaves so many times as much untold
MOST = 3  # of features that can be suspects; where more tell the target, it is an easy one
COLUMNS = 6  # that a tree is grown on, the most telling by bins
BLOCKS = 8  # a photo is seen as so many blocks a side


class Disguised(Check):
    """One feature that tells the target nearly perfectly, where the others do not.

    A small tree on one feature alone, cross-validated by groups: balanced accuracy (or R²) above a constant's, as a
    share of what is above it. Features are a table's columns, the level and spread of a window's channels and
    their share of gaps, the blocks of a photo.
    """

    code = "HF106"
    name = "a feature that is the target in disguise"
    severity = "error"
    when = "data"
    kinds = ("table", "windows", "images")
    where = "aside"

    def look(self, seen: Seen) -> Finding:
        data = seen.train
        assert data.target is not None
        names, X = summaries_of(seen)
        column = [name.split(": ")[0] for name in names] if data.kind != "table" else names
        looked = some_of_each(worth_a_look(X, data.target), column)
        share = {j: told(X[:, [j]], data.target, data.groups) for j in looked}
        if not share:
            return self.not_applicable("no feature varies")
        suspects = sorted((j for j in share if share[j] >= TELLS), key=lambda j: -share[j])
        if not suspects:
            top = max(share, key=lambda j: share[j])
            return self.passed(
                f"the best single feature, {names[top]}, tells {max(share[top], 0):.0%} of the target"
            )
        many, of = len({column[j] for j in suspects}), len(set(column))
        if many > min(MOST, of // 3):
            return self.passed(
                f"{many} of {of} columns tell nearly all of the target, as {names[suspects[0]]}: it is easy"
            )
        others = [share[j] for j in share if share[j] < TELLS]
        best = max(others, default=0.0)
        if 1 - best < TIMES * (1 - share[suspects[0]]):
            return self.passed(
                f"{names[suspects[0]]} tells {share[suspects[0]]:.0%} of the target, others {best:.0%}"
            )
        listed = [names[j] for j in suspects]
        return self.found(
            f"{listed[0]} alone tells {share[suspects[0]]:.1%} of the target, the best other feature {max(best, 0):.0%}",
            "ask whether it is known before the target is; if not, take it out: data.drop",
            listed,
        )


def some_of_each(ranked: np.ndarray, column: list[str]) -> list[int]:
    """The first features of a ranking, at most two of a column, of COLUMNS columns at most.

    >>> some_of_each(np.array([2, 0, 1, 3]), ["a", "a", "a", "b"])
    [2, 0, 3]
    """
    taken: dict[str, list[int]] = {}
    for j in ranked:
        if column[j] in taken or len(taken) < COLUMNS:
            of = taken.setdefault(column[j], [])
            if len(of) < 2:
                of.append(int(j))
    kept = {j for of in taken.values() for j in of}
    return [int(j) for j in ranked if int(j) in kept]


def summaries_of(seen: Seen) -> tuple[list[str], np.ndarray]:
    """Those of the training samples, worked out once."""
    return seen.once("single features", lambda: summaries(seen.train))


def summaries(data: Dataset) -> tuple[list[str], np.ndarray]:
    """Names and values `(n, features)` by which single features are judged."""
    chunks = (
        (chunk if data.kind == "table" else _summary(chunk, data.kind)).astype(np.float32)
        for chunk in data.chunks()
    )
    X = put_together(chunks, len(data), scratch)
    if data.kind == "table":
        return list(data.names), X
    if data.kind == "windows":
        return [f"{name}: {what}" for what in ("mean", "spread", "gaps") for name in data.names], X
    places = [f"block {y}, {x}" for y in range(BLOCKS) for x in range(BLOCKS)]
    return [f"{place}: {name}" for place in places for name in data.names], X


def _summary(chunk: np.ndarray, kind: str) -> np.ndarray:
    if kind == "windows":
        gap = np.isnan(chunk)
        known = np.maximum((~gap).sum(axis=1), 1)
        mean = np.where(gap, 0, chunk).sum(axis=1, dtype=np.float64) / known
        spread = np.sqrt((np.where(gap, 0, chunk - mean[:, None]) ** 2).sum(axis=1) / known)
        return np.concatenate([mean, spread, gap.mean(axis=1)], axis=1)
    total = chunk
    for axis in (1, 2):
        edges = np.linspace(0, chunk.shape[axis], BLOCKS + 1).astype(int)
        total = np.add.reduceat(total, edges[:-1], axis=axis, dtype=np.float64)
        sizes = np.maximum(np.diff(edges), 1)  # of a picture of fewer pixels some stand in several blocks
        total = total / sizes.reshape(-1, *[1] * (3 - axis))
    return total.reshape(len(chunk), -1)


CHECKS = (Disguised,)
