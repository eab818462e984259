"""One sample of each group an epoch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.balance.base import Balance
from holdfast.errors import BadInput
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("one_per_group")
class OnePerGroup(Balance):
    """Draw one sample of each group (one photo of each person), another in each epoch, all equally likely.

    Groups count alike, however many samples they have, and no epoch sees a group twice. An epoch is as short as
    there are few groups: give more epochs. Beside balanced_sampler it stands first.
    """

    needs_groups: ClassVar[bool] = True

    def rows(self, y: np.ndarray, target: TargetSpec, seed: int, groups: np.ndarray | None) -> np.ndarray:
        if groups is None:
            raise BadInput(
                "data.group: one_per_group draws a sample of each group, and these data have none; name the column"
                " of the group, or leave one_per_group out of balance"
            )
        shuffled = np.random.default_rng(seed).permutation(len(groups))
        first = np.unique(groups[shuffled], return_index=True)[1]
        return np.asarray(shuffled[first])
