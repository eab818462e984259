"""The contract of augmentations."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

from holdfast.keys import item_keys, seed_of
from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import NAMES, SHAPES, tiny_data

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]


class AugmentContract(ComponentContract):
    """Pure; decided by the keys alone; targets as they were, unless it declares that it mixes them."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Every test of a batch runs on each kind of data that the component takes."""
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", sorted(self.component.takes))

    def changed(self, X: np.ndarray, y: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The component, for the channels of the tiny data, on a batch."""
        package = self.component.package
        if package is not None and find_spec(package) is None:
            pytest.skip(f"needs the package {package}, which is not installed")
        (kind,) = (kind for kind in self.component.takes if len(SHAPES[kind]) == X.ndim - 1)
        return self.component.for_channels(NAMES[kind]).apply(X, y, keys)

    @pytest.fixture
    def batch(self, kind: str) -> Callable[[int], Drawn]:
        """Batch, targets and keys of an epoch."""

        def of_epoch(epoch: int) -> Drawn:
            data = tiny_data(kind)
            assert data.target is not None
            y = np.eye(3, dtype=np.float32)[data.target] if self.component.mixes_targets else data.target
            return data.read(), y, item_keys(seed_of(0, "augment", epoch), np.arange(len(data)))

        return of_epoch

    def test_shape_and_type_stay(self, batch: Callable[[int], Drawn]) -> None:
        X, y, keys = batch(0)
        changed, targets = self.changed(X, y, keys)
        assert changed.shape == X.shape
        assert changed.dtype == X.dtype
        assert targets.shape == y.shape
        assert np.isfinite(changed).all()

    def test_input_is_left_alone(self, batch: Callable[[int], Drawn]) -> None:
        X, y, keys = batch(0)
        kept = X.copy(), y.copy(), keys.copy()
        self.changed(X, y, keys)
        assert all(np.array_equal(now, then) for now, then in zip((X, y, keys), kept))

    def test_equal_keys_equal_changes(self, batch: Callable[[int], Drawn]) -> None:
        first, second = (self.changed(*batch(0)) for _ in range(2))
        assert np.array_equal(first[0], second[0])
        assert np.array_equal(first[1], second[1])

    def test_another_epoch_changes_otherwise(self, batch: Callable[[int], Drawn]) -> None:
        first, second = (self.changed(*batch(epoch))[0] for epoch in (0, 1))
        assert not np.array_equal(first, second)

    def test_something_is_changed(self, batch: Callable[[int], Drawn]) -> None:
        X, y, keys = batch(0)
        assert not np.array_equal(self.changed(X, y, keys)[0], X)

    def test_targets_stay_unless_declared(self, batch: Callable[[int], Drawn]) -> None:
        X, y, keys = batch(0)
        targets = self.changed(X, y, keys)[1]
        if self.component.mixes_targets:
            np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
        else:
            assert np.array_equal(targets, y)

    def test_change_of_an_item_does_not_depend_on_its_batch(self, batch: Callable[[int], Drawn]) -> None:
        if self.component.mixes_targets:
            pytest.skip("it declares that it mixes the samples of a batch")
        X, y, keys = batch(0)
        whole = self.changed(X, y, keys)[0]
        some = np.array([7, 2, 30, 11])
        assert np.array_equal(self.changed(X[some], y[some], keys[some])[0], whole[some])
