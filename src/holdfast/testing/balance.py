"""The contract of remedies for skewed classes."""

from __future__ import annotations

import numpy as np

from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import CLASSES, SHAPES, tiny_inputs

Y = np.array([0] * 20 + [1] * 6 + [2] * 2)  # skewed
GROUPS = np.repeat([f"g{i}" for i in range(7)], 4)


class BalanceContract(ComponentContract):
    """Acts in at least one of three ways, decided by the seed, on what it is given and nothing else."""

    def test_acts_in_some_way(self) -> None:
        X = tiny_inputs("table" if self.component.of_tables else "windows", Y)
        ways = [
            self.component.weights(Y, CLASSES),
            self.component.rows(Y, CLASSES, 0, GROUPS),
            self.component.extra(X, Y, CLASSES, 0),
        ]
        assert any(way is not None for way in ways)

    def test_weights_have_mean_one(self) -> None:
        weights = self.component.weights(Y, CLASSES)
        if weights is not None:
            assert weights.shape == Y.shape
            assert (weights > 0).all()
            np.testing.assert_allclose(weights.mean(), 1, rtol=1e-5)

    def test_rows_are_samples_of_the_training_part(self) -> None:
        rows = self.component.rows(Y, CLASSES, 0, GROUPS)
        if rows is not None:
            assert np.issubdtype(rows.dtype, np.integer)
            assert rows.min() >= 0
            assert rows.max() < len(Y)
            assert np.array_equal(rows, self.component.rows(Y, CLASSES, 0, GROUPS))
            assert not np.array_equal(rows, self.component.rows(Y, CLASSES, 1, GROUPS))

    def test_extra_samples_are_made_from_training_samples(self) -> None:
        with_classes = [kind for kind in SHAPES if kind != "frames"]
        for kind in ["table"] if self.component.of_tables else with_classes:
            X = tiny_inputs(kind, Y)
            kept = X.copy()
            made = self.component.extra(X, Y, CLASSES, 0)
            assert np.array_equal(X, kept), "the training part itself must stay as it is"
            if made is None:
                continue
            new, labels, rows = made
            assert new.shape == (len(labels), *X.shape[1:])
            assert new.dtype == np.float32
            assert np.isfinite(new).all()
            assert rows.max() < len(Y)
            assert np.array_equal(labels, Y[rows])
            again = self.component.extra(X, Y, CLASSES, 0)
            assert again is not None
            assert np.array_equal(new, again[0])

    def test_absent_class_is_no_obstacle(self) -> None:
        y = np.where(Y == 2, 0, Y)
        weights = self.component.weights(y, CLASSES)
        rows = self.component.rows(y, CLASSES, 0, GROUPS)
        assert weights is None or np.isfinite(weights).all()
        assert rows is None or len(rows)
        self.component.extra(
            tiny_inputs("table" if self.component.of_tables else "windows", y), y, CLASSES, 0
        )
