"""Folds of blocks of time and space, cut from sequences."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.folds.base import Seeded, Split
from holdfast.folds.grouped import stratified_group_folds
from holdfast.folds.near import near
from holdfast.folds.splitters import strata
from holdfast.recipe.registry import component


@component("space_time")
class SpaceTime(Seeded):
    """Blocks of time (and of space) cut from sequences, whole to a fold, even in rain, with guard gaps.

    Naming this kind says that a group (`data.group`) is a sequence to be cut, not an event to be kept whole: its
    blocks lie in several folds. Where groups are independent events, and there are enough, take `stratified_group`.
    A training sample of the same sequence that overlaps a scored one, or is nearer to it than the guards, is left
    out; that none overlaps is asserted. Without groups all samples are of one sequence.

    Roberts et al. 2017: cross-validation by blocks for data with temporal and spatial structure.
    """

    keeps_groups: ClassVar[bool] = False
    cuts_groups: ClassVar[bool] = True
    shares_classes: ClassVar[bool] = False

    minutes: float = Field(360.0, gt=0, description="length of a block in time, in order's unit (minutes)")
    size: int | None = Field(
        None,
        ge=1,
        description="side of a block in space, in pixels; null: blocks of time only, over all places",
    )
    guard_minutes: float = Field(
        60.0,
        ge=0,
        description="least time between the frames of a training and a scored sample; rain an hour old is still there",
    )
    guard_pixels: int = Field(
        0, ge=0, description="with size: crops of one time must be so many pixels apart; 0: they may touch"
    )

    def split_data(self, data: Dataset, seed: int) -> Split:
        """Raises BadInput where there are too few blocks, or the guards leave nothing to train on."""
        assert data.target is not None
        block = self.blocks(data)
        count = int(block.max()) + 1
        if count < self.k:
            raise BadInput(
                f"folds.k: {self.k} folds from {count} blocks of {self.minutes:g} minutes; take shorter blocks"
                " (folds.minutes), blocks in space (folds.size), or fewer folds"
            )
        fold = stratified_group_folds(strata(data.target, self.k), block, self.k, seed)
        return self.sides(fold, data)

    def sides(self, fold: np.ndarray, data: Dataset) -> Split:
        return [self._side(np.flatnonzero(fold != k), np.flatnonzero(fold == k), data) for k in range(self.k)]

    def blocks(self, data: Dataset) -> np.ndarray:
        """The number of each sample's block: its sequence, then its place on a grid of time, y and x."""
        if data.order is None:
            raise BadInput("folds.kind: space_time needs data.order, the column of time")
        if self.size is not None and data.place is None:
            raise BadInput(
                "folds.size: where the crops lie is not known (data has no places); leave size out"
            )
        names = np.zeros(len(data)) if data.groups is None else data.groups
        sequence = np.unique(names, return_inverse=True)[1]
        begin = np.full(sequence.max() + 1, np.inf)
        np.minimum.at(begin, sequence, data.order)
        cells = [sequence, (data.order - begin[sequence]) // self.minutes]
        if self.size is not None:
            assert data.place is not None
            cells += list((data.place // self.size).T)
        return np.unique(np.stack(cells, axis=1), axis=0, return_inverse=True)[1].ravel()

    def _side(self, others: np.ndarray, valid: np.ndarray, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """The training part without those that are too near to the scored part."""
        pixels = None if self.size is None else float(self.guard_pixels)
        train = others[~near(data, others, valid, self.guard_minutes, pixels)]
        if len(others) and not len(train):
            raise BadInput(
                f"folds: every training sample is within {self.guard_minutes:g} minutes of a scored one (windows cover"
                f" {data.span:g}); take longer blocks (folds.minutes), smaller guards, or fewer folds"
            )
        return train, valid
