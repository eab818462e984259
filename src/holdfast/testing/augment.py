"""The contract of augmentations."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

from holdfast.data.dataset import Dataset
from holdfast.keys import item_keys, seed_of
from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import tiny_data

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]
Change = Callable[..., tuple[np.ndarray, np.ndarray]]
NOW = slice(3, 4)  # of tiny frames, the last one


def seen(kind: str) -> Dataset:
    """Tiny data as training sees them, frames with their flow."""
    data = tiny_data(kind)
    return data if data.flow is None else data.with_flow()


class AugmentContract(ComponentContract):
    """Pure; decided by the keys alone; targets as they were, unless it declares that it mixes them.

    Frames come with a flow and have their own last frame as target: it must stay, or change as that frame does.
    """

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Every test of a batch runs on each kind of data that the component takes."""
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", sorted(self.component.takes))

    @pytest.fixture
    def change(self, kind: str) -> Change:
        """The component, for the channels of the tiny data, on a batch."""
        package = self.component.package
        if package is not None and find_spec(package) is None:
            pytest.skip(f"needs the package {package}, which is not installed")
        component = self.component.for_channels(seen(kind).names)
        return lambda X, y, keys: component.apply(X, y, keys)

    @pytest.fixture
    def batch(self, kind: str) -> Callable[[int], Drawn]:
        """Batch, targets and keys of an epoch."""

        def of_epoch(epoch: int) -> Drawn:
            data = seen(kind)
            keys = item_keys(seed_of(0, "augment", epoch), np.arange(len(data)))
            if kind == "frames":
                return data.read(), data.read()[:, NOW], keys
            assert data.target is not None
            y = np.eye(3, dtype=np.float32)[data.target] if self.component.mixes_targets else data.target
            return data.read(), y, keys

        return of_epoch

    def test_shape_and_type_stay(self, batch: Callable[[int], Drawn], change: Change) -> None:
        X, y, keys = batch(0)
        changed, targets = change(X, y, keys)
        assert changed.shape == X.shape
        assert changed.dtype == X.dtype
        assert targets.shape == y.shape
        assert np.isfinite(changed).all()

    def test_input_is_left_alone(self, batch: Callable[[int], Drawn], change: Change) -> None:
        X, y, keys = batch(0)
        kept = X.copy(), y.copy(), keys.copy()
        change(X, y, keys)
        assert all(np.array_equal(now, then) for now, then in zip((X, y, keys), kept))

    def test_equal_keys_equal_changes(self, batch: Callable[[int], Drawn], change: Change) -> None:
        first, second = (change(*batch(0)) for _ in range(2))
        assert np.array_equal(first[0], second[0])
        assert np.array_equal(first[1], second[1])

    def test_another_epoch_changes_otherwise(self, batch: Callable[[int], Drawn], change: Change) -> None:
        first, second = (change(*batch(epoch))[0] for epoch in (0, 1))
        assert not np.array_equal(first, second)

    def test_something_is_changed(self, batch: Callable[[int], Drawn], change: Change) -> None:
        X, y, keys = batch(0)
        assert not np.array_equal(change(X, y, keys)[0], X)

    def test_targets_stay_unless_declared(
        self, batch: Callable[[int], Drawn], change: Change, kind: str
    ) -> None:
        X, y, keys = batch(0)
        changed, targets = change(X, y, keys)
        if kind == "frames":
            assert np.array_equal(targets, y) or np.array_equal(targets, changed[:, NOW])
        elif self.component.mixes_targets:
            np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
        else:
            assert np.array_equal(targets, y)

    def test_change_of_an_item_does_not_depend_on_its_batch(
        self, batch: Callable[[int], Drawn], change: Change
    ) -> None:
        if self.component.mixes_targets:
            pytest.skip("it declares that it mixes the samples of a batch")
        X, y, keys = batch(0)
        whole, some = change(X, y, keys), np.array([7, 2, 30, 11])
        for alone, together in zip(change(X[some], y[some], keys[some]), whole):
            assert np.array_equal(alone, together[some])
