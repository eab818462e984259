"""What every splitter does."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.data.dataset import Dataset
from holdfast.recipe.registry import Component

Split = list[tuple[np.ndarray, np.ndarray]]


class Splitter(Component):
    """scikit-learn's protocol: `split(n, y, groups) → [(train, valid), …]`, deterministic by seed.

    Repeat r of a recipe asks the splitter with seed + r.
    """

    kind: ClassVar[str] = "folds"
    keeps_groups: ClassVar[bool] = True  # False: refused where a group column is declared
    cuts_groups: ClassVar[bool] = (
        False  # True: groups are sequences; parts of one stand on both sides, kept apart
    )
    shares_classes: ClassVar[bool] = True  # whether every fold must be able to hold every class

    repeats: int = Field(1, ge=1, description="how many times all folds are drawn, each time anew")

    def split(
        self,
        n: int,
        y: np.ndarray,
        groups: np.ndarray | None,
        order: np.ndarray | None = None,
        seed: int = 0,
    ) -> Split:
        """Row numbers of training and validation part, a fold each.

        `y`: class codes, real values or None; `groups`: what stays whole; `order`: time; `seed`: the repeat's.
        """
        raise NotImplementedError

    def split_data(self, data: Dataset, seed: int) -> Split:
        """`split` of a data set; for splitters that need more of it, as where its crops lie."""
        assert data.target is not None
        return self.split(len(data), data.target, data.groups, data.order, seed)

    def sides(self, fold: np.ndarray, data: Dataset) -> Split:
        """The split again, from the fold that scores each sample: without what a guard takes from training."""
        return [
            (np.flatnonzero(fold != k), np.flatnonzero(fold == k))
            for k in range(int(fold.max(initial=-1)) + 1)
        ]


class Seeded(Splitter):
    """A splitter with k folds, drawn at random."""

    k: int = Field(5, ge=2, description="number of folds")
    seed: int = Field(0, ge=0, description="of the draw")
