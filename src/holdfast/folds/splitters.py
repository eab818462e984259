"""The splitters: scikit-learn's, and blocks of time or events."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.folds.base import Seeded, Split, Splitter
from holdfast.folds.grouped import stratified_group_folds
from holdfast.recipe.registry import component

BINS = 10  # quantile bins that stand for classes where the target is a real value


def strata(y: np.ndarray, k: int) -> np.ndarray:
    """Class codes as they are; real values as codes of quantile bins of at least k samples."""
    if np.issubdtype(y.dtype, np.integer):
        return y
    bins = max(1, min(BINS, len(y) // k))
    edges = np.unique(np.quantile(y, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, y, side="right")


@component("stratified_group")
class StratifiedGroup(Seeded):
    """Groups whole, class shares as even as whole groups allow; each seed draws other folds."""

    def split(
        self, n: int, y: np.ndarray, groups: np.ndarray | None, order: np.ndarray | None = None, seed: int = 0
    ) -> Split:
        if groups is None:
            raise BadInput("folds.kind: stratified_group needs data.group; without groups use stratified")
        fold = stratified_group_folds(strata(y, self.k), groups, self.k, seed)
        return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(self.k)]


@component("stratified")
class Stratified(Seeded):
    """Class shares even (scikit-learn's StratifiedKFold); only where samples are independent."""

    keeps_groups: ClassVar[bool] = False

    def split(
        self, n: int, y: np.ndarray, groups: np.ndarray | None, order: np.ndarray | None = None, seed: int = 0
    ) -> Split:
        from sklearn.model_selection import StratifiedKFold

        made = StratifiedKFold(self.k, shuffle=True, random_state=seed)
        return list(made.split(np.zeros(n), strata(y, self.k)))


@component("group")
class Group(Seeded):
    """Groups whole, folds of even size, classes as they fall (scikit-learn's GroupKFold)."""

    shares_classes: ClassVar[bool] = False

    def split(
        self, n: int, y: np.ndarray, groups: np.ndarray | None, order: np.ndarray | None = None, seed: int = 0
    ) -> Split:
        from sklearn.model_selection import GroupKFold

        if groups is None:
            raise BadInput("folds.kind: group needs data.group; without groups use stratified")
        return list(GroupKFold(self.k, shuffle=True, random_state=seed).split(np.zeros(n), groups=groups))


@component("blocks")
class Blocks(Splitter):
    """Contiguous blocks of `data.order` (time); where groups are declared, whole groups (events) in time order.

    Nothing is drawn, so repeats are refused.
    """

    shares_classes: ClassVar[bool] = False

    k: int = Field(5, ge=2, description="number of blocks")
    guard: float = Field(
        0.0, ge=0, description="training samples nearer than this to a block are left out, in order's unit"
    )

    def split(
        self, n: int, y: np.ndarray, groups: np.ndarray | None, order: np.ndarray | None = None, seed: int = 0
    ) -> Split:
        if order is None:
            raise BadInput("folds.kind: blocks needs data.order, the column of time or sequence")
        if self.repeats > 1:
            raise BadInput(
                "folds.repeats: blocks draws nothing, so it cannot be repeated; leave repeats at 1"
            )
        units = order if groups is None else _starts(order, groups)
        return self._guarded(_even_blocks(units, self.k), order)

    def sides(self, fold: np.ndarray, data: Dataset) -> Split:
        assert data.order is not None
        return self._guarded(fold, data.order)

    def _guarded(self, block: np.ndarray, order: np.ndarray) -> Split:
        splits = []
        for fold in range(int(block.max()) + 1):
            valid = np.flatnonzero(block == fold)
            low, high = order[valid].min(), order[valid].max()
            near = (order > low - self.guard) & (order < high + self.guard) & (self.guard > 0)
            splits.append((np.flatnonzero((block != fold) & ~near), valid))
        return splits


def _starts(order: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """For each sample a number of its group, in order of the groups' first times."""
    names, codes = np.unique(groups, return_inverse=True)
    firsts = np.full(len(names), np.inf)
    np.minimum.at(firsts, codes, order)
    rank = np.empty(len(names))
    rank[np.lexsort((names, firsts))] = np.arange(len(names))
    return rank[codes]


def _even_blocks(units: np.ndarray, k: int) -> np.ndarray:
    """Block of each sample: k runs of units in order, of nearly even sample counts, equal units together."""
    values, codes, counts = np.unique(units, return_inverse=True, return_counts=True)
    if len(values) < k:
        raise BadInput(
            f"folds.k: {k} blocks from {len(values)} distinct times or events; use k={len(values)} or less"
        )
    middle = np.cumsum(counts) - counts / 2
    block = np.minimum((middle * k / counts.sum()).astype(int), k - 1)
    block[0] = 0
    for i in range(1, len(block)):  # no block may stay empty where a few units hold most samples
        block[i] = min(block[i], block[i - 1] + 1)
    for i in range(len(block) - 1, -1, -1):
        block[i] = max(block[i], k - (len(block) - i))
    return block[codes]


@component("file")
class FromFile(Splitter):
    """Folds that a team shares: a CSV with columns id, fold and, for several repeats, repeat."""

    path: str = Field(
        description="CSV with columns id, fold (0, 1, …), optionally repeat; relative to the recipe",
        examples=["folds.csv"],
    )
