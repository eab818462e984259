"""The contracts of test-time augmentation and of what changes probabilities afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.data.dataset import Dataset
from holdfast.predict.base import TestTime, said_of_views
from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import GRID, JOINT, tiny_data

SPECS = {"classes": JOINT, "grid": GRID}


class TestTimeContract(ComponentContract):
    """Changed copies of each sample by itself, the same each time."""

    __test__ = False

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Every test of a batch runs on each kind of data that the component takes."""
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", sorted(self.component.takes))

    def data(self, kind: str) -> Dataset:
        """Tiny data as models see them, frames with their flow."""
        data = tiny_data(kind)
        return data if data.flow is None else data.with_flow()

    def made(self, kind: str) -> TestTime:
        """The component, for the channels of the tiny data."""
        return self.component.for_channels(self.data(kind).names)

    def views(self, X: np.ndarray, kind: str) -> list[np.ndarray]:
        return list(self.made(kind).views(X))

    def test_shape_and_type_stay(self, kind: str) -> None:
        X = self.data(kind).read()
        made = self.views(X, kind)
        assert made
        for view in made:
            assert view.shape == X.shape
            assert view.dtype == X.dtype
            assert np.isfinite(view).all()

    def test_input_is_left_alone_and_is_the_first_view(self, kind: str) -> None:
        X = self.data(kind).read()
        kept = X.copy()
        first = said_of_views([self.made(kind)], X, lambda view: view)[0]
        assert np.array_equal(X, kept)
        assert np.array_equal(first, X)

    def test_some_view_is_changed(self, kind: str) -> None:
        X = self.data(kind).read()
        assert any(not np.array_equal(view, X) for view in self.views(X, kind))

    def test_each_sample_by_itself_and_the_same_each_time(self, kind: str) -> None:
        X, some = self.data(kind).read(), np.array([9, 0, 30])
        for whole, part, again in zip(self.views(X, kind), self.views(X[some], kind), self.views(X, kind)):
            assert np.array_equal(part, whole[some])
            assert np.array_equal(whole, again)

    def test_forecasts_of_views_are_turned_back(self, kind: str) -> None:
        """What a view shows at a place is, once undone, what the sample shows there."""
        made = self.made(kind)
        if kind != "frames" or type(made).undo is TestTime.undo:
            pytest.skip("what is said of a view is said of the sample")
        X = self.data(kind).read()
        for number, view in enumerate(made.views(X)):
            said = view[:, :2].copy()  # as a forecast of two lead times
            assert np.array_equal(made.undo(number, said), X[:, :2])
            assert np.array_equal(said, view[:, :2])


class PostprocessContract(ComponentContract):
    """Probabilities to probabilities, or amounts of rain to amounts, by what it learned from other rows."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Every test of predictions runs on each kind of target that the component takes."""
        if "target" in metafunc.fixturenames:
            metafunc.parametrize("target", sorted(self.component.targets))

    def drawn(self, target: str, n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities float32 and truth; the rarest class is a tenth. Or blurred amounts and what was measured."""
        rng = np.random.default_rng(seed)
        if target == "grid":
            rain = np.where(rng.random((n, 1, 20, 20)) < 0.5, 0, rng.gamma(0.7, 3.0, size=(n, 1, 20, 20)))
            said = 0.5 * rain + 0.5 * rain.mean() * rng.random(rain.shape)
            truth = np.where(rng.random(rain.shape) < 0.1, np.nan, rain)
            return said.astype(np.float32), truth.astype(np.float32)
        truth = np.repeat([0, 1, 2], [n // 2, n - n // 2 - n // 10, n // 10])
        raw = np.exp(1.5 * np.eye(3)[truth] + rng.normal(size=(n, 3)))
        return (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32), truth

    def test_gives_what_it_takes(self, target: str) -> None:
        said, truth = self.drawn(target)
        kept = said.copy()
        made = self.component.apply(self.component.fit(said, truth, SPECS[target]), said)
        assert np.array_equal(said, kept)
        assert made.shape == said.shape
        assert made.dtype == said.dtype
        assert np.isfinite(made).all()
        assert (made >= 0).all()
        if target == "classes":
            np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-5)

    def test_each_row_by_itself(self, target: str) -> None:
        said, truth = self.drawn(target)
        learned, some = self.component.fit(said, truth, SPECS[target]), np.array([80, 3, 44])
        np.testing.assert_allclose(
            self.component.apply(learned, said[some]), self.component.apply(learned, said)[some], rtol=1e-5
        )

    def test_fitted_twice_is_equal(self, target: str) -> None:
        said, truth = self.drawn(target)
        first, second = (
            self.component.apply(self.component.fit(said, truth, SPECS[target]), said) for _ in "ab"
        )
        assert np.array_equal(first, second)

    def test_certain_rows_and_an_absent_class_leave_numbers(self, target: str) -> None:
        if target != "classes":
            return
        truth = np.array([0, 1, 0, 1, 0, 1])
        said = np.eye(3, dtype=np.float32)[[0, 1, 0, 1, 1, 2]]
        made = self.component.apply(self.component.fit(said, truth, JOINT), said)
        assert np.isfinite(made).all()
        np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-5)

    def test_dry_and_missing_truth_leave_numbers(self, target: str) -> None:
        if target != "grid":
            return
        said, truth = self.drawn(target, n=6)
        dry, missing = np.zeros_like(truth), np.full_like(truth, np.nan)
        for measured, forecast in ((dry, said), (missing, said), (truth, dry), (dry, dry)):
            made = self.component.apply(self.component.fit(forecast, measured, GRID), said)
            assert np.isfinite(made).all()
            assert (made >= 0).all()
