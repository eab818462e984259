"""The contract of metrics."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.metrics.intervals import score_with_interval
from holdfast.testing.base import ComponentContract

N = 60


class MetricContract(ComponentContract):
    """`(truth, prediction) → float`, pooled, with a direction and fixed labels, for each kind of target."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Every test of predictions runs on each kind of target that the component scores."""
        if "target" in metafunc.fixturenames:
            metafunc.parametrize("target", sorted(self.component.targets))

    def drawn(self, target: str, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Truth, and a prediction of it with so much noise."""
        rng = np.random.default_rng(seed)
        if target == "real":
            truth = rng.normal(size=N)
            return truth, truth + noise * rng.normal(size=N)
        if target == "grid":
            rain = rng.gamma(0.5, 3.0, size=(N, 2, 9, 9)).astype(np.float32)
            said = np.maximum(rain + noise * rng.normal(size=rain.shape), 0).astype(np.float32)
            return np.where(rng.random(rain.shape) < 0.1, np.float32(np.nan), rain), said
        codes = np.arange(N) % 3
        raw = np.eye(3)[codes] + noise * rng.random((N, 3)) + 1e-3
        return codes, raw / raw.sum(axis=1, keepdims=True)

    def test_better_predictions_score_better(self, target: str) -> None:
        good, bad = (self.component.score(*self.drawn(target, noise)) for noise in (0.1, 3.0))
        assert isinstance(good, float)
        assert (good > bad) == self.component.greater_is_better

    def test_order_of_rows_does_not_matter(self, target: str) -> None:
        truth, prediction = self.drawn(target, 1.0)
        rows = np.random.default_rng(1).permutation(N)
        np.testing.assert_allclose(
            self.component.score(truth[rows], prediction[rows]), self.component.score(truth, prediction)
        )

    def test_input_is_left_alone(self, target: str) -> None:
        truth, prediction = self.drawn(target, 1.0)
        kept = truth.copy(), prediction.copy()
        self.component.score(truth, prediction)
        assert np.array_equal(truth, kept[0], equal_nan=target == "grid")
        assert np.array_equal(prediction, kept[1])

    def test_sums_of_parts_give_the_score(self, target: str) -> None:
        """What the bootstrap multiplies out must be the score of the drawn rows."""
        truth, prediction = self.drawn(target, 1.0)
        parts = self.component.parts(truth, prediction)
        if parts is None:
            assert target != "grid", "metrics of grids have parts: grids are scored some rows at a time"
            return
        assert len(parts) == N
        counts = np.random.default_rng(2).multinomial(N, np.full(N, 1 / N), size=4)
        together = self.component.combine(counts.astype(float) @ parts)
        one_by_one = [
            self.component.score(*(np.repeat(a, row, axis=0) for a in (truth, prediction))) for row in counts
        ]
        np.testing.assert_allclose(together, one_by_one, rtol=1e-9)

    def test_absent_class_leaves_a_number(self, target: str) -> None:
        if target != "classes":
            return
        truth, prediction = self.drawn(target, 1.0)
        rows = truth != 2
        assert np.isfinite(self.component.score(truth[rows], prediction[rows]))

    def test_grids_are_scored_where_something_was_measured(self, target: str) -> None:
        """A forecast of what nobody measured counts for nothing; rows add up however they are cut."""
        if target != "grid":
            return
        truth, prediction = self.drawn(target, 1.0)
        parts = self.component.parts(truth, prediction)
        assert np.isfinite(parts).all()
        other = np.where(np.isnan(truth), np.float32(50), prediction)
        assert np.array_equal(self.component.parts(truth, other), parts)
        halves = [self.component.parts(truth[part], prediction[part]) for part in (slice(0, 7), slice(7, N))]
        np.testing.assert_allclose(np.concatenate(halves), parts, rtol=1e-12)

    def test_has_an_interval(self, target: str) -> None:
        truth, prediction = self.drawn(target, 1.0)
        score = score_with_interval(self.component, truth, [prediction], np.arange(N) // 5)
        assert score.low <= score.high
        assert np.isfinite([score.value, score.low, score.high]).all()
        assert score.units == N // 5
