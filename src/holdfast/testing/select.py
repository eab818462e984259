"""The contract of selections of features."""

from __future__ import annotations

import numpy as np

from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import CLASSES

GROUPS = np.repeat([f"g{i}" for i in range(6)], 12)


class SelectionContract(ComponentContract):
    """Columns of a training part, chosen by what it is given and the seed."""

    def drawn(self, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Six columns, of which the first two tell the class."""
        rng = np.random.default_rng(seed)
        y = np.tile([0, 1, 2], 24)
        X = rng.normal(size=(72, 6))
        X[:, 0] += 2 * y
        X[:, 1] += 3 * (y == 1)
        return X, y

    def test_gives_positions_of_columns(self) -> None:
        X, y = self.drawn()
        kept = X.copy()
        columns = self.component.choose(X, y, GROUPS, CLASSES, 0, 1)
        assert np.array_equal(X, kept)
        assert np.issubdtype(columns.dtype, np.integer)
        assert 1 <= len(columns) <= 6
        assert (np.diff(columns) > 0).all()
        assert columns.min() >= 0
        assert columns.max() < 6

    def test_keeps_what_tells_the_class(self) -> None:
        X, y = self.drawn()
        assert {0, 1} <= set(self.component.choose(X, y, GROUPS, CLASSES, 0, 1).tolist())

    def test_equal_seeds_equal_choice_with_and_without_groups(self) -> None:
        X, y = self.drawn()
        for groups in (GROUPS, None):
            first, second = (self.component.choose(X, y, groups, CLASSES, 3, 1) for _ in "ab")
            assert np.array_equal(first, second)
