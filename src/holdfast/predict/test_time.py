"""What a fitted member does at test time, over what it says of one batch: views, their mean, pooling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.predict.base import Average, TestTime, mean_of_views, said_of_views
from holdfast.predict.pool import pooled
from holdfast.recipe.target import TargetSpec


@dataclass(frozen=True)
class AtTestTime:
    """The views of each sample, how what is said of them is averaged, and the attributes that groups share."""

    tta: tuple[TestTime, ...] = ()
    average: Average = "probabilities"
    pool: tuple[str, ...] = ()

    def predict(
        self, data: Dataset, target: TargetSpec, before: Callable[[np.ndarray], np.ndarray],
        say: Callable[[np.ndarray], np.ndarray], batch: int | None = None,
    ) -> np.ndarray:  # fmt: skip
        """Probabilities `(n, classes)`, values `(n,)` or grids; float32.

        `before` makes a batch ready for views, `say` gives what is said of a view; `batch`: samples at once.
        """
        made = []
        for raw in data.chunks(batch):
            made.append(mean_of_views(said_of_views(self.tta, before(raw), say), self.average))
        said = np.concatenate(made).astype(np.float32, copy=False)
        if not self.pool:
            return said
        assert data.groups is not None  # check_pool has seen to it
        return pooled(said, data.groups, target, self.pool)
