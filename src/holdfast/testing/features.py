"""The contract of feature makers."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import tiny_data


class FeaturesContract(ComponentContract):
    """`(n, steps, channels)` or `(n, h, w, channels)` `→ (n, features)` float32; nothing is learned."""

    def inputs(self) -> np.ndarray:
        """Prepared samples of the kind that it takes."""
        return tiny_data(self.takes()).read().astype(np.float32)

    def takes(self) -> str:
        (kind,) = self.component.takes
        return kind

    def shape(self, steps: int, channels: int) -> tuple[int, ...]:
        return (steps, steps, channels) if self.takes() == "images" else (steps, channels)

    def test_a_row_a_sample(self) -> None:
        made = self.component.transform(self.inputs())
        assert made.shape[0] == len(self.inputs())
        assert made.ndim == 2
        assert made.dtype == np.float32
        assert np.isfinite(made).all()

    def test_each_sample_by_itself(self) -> None:
        X, some = self.inputs(), np.array([9, 0, 30])
        whole = self.component.transform(X)
        np.testing.assert_allclose(self.component.transform(X[some]), whole[some], rtol=1e-4, atol=1e-5)

    def test_input_is_left_alone(self) -> None:
        X = self.inputs()
        kept = X.copy()
        self.component.transform(X)
        assert np.array_equal(X, kept)

    @pytest.mark.parametrize("steps", [1, 2, 3, 9])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_small_samples(self, steps: int, channels: int) -> None:
        X = np.random.default_rng(0).normal(size=(3, *self.shape(steps, channels))).astype(np.float32)
        assert np.isfinite(self.component.transform(X)).all()

    def test_constant_samples(self) -> None:
        X = np.full((2, *self.shape(16, 2)), 7.0, dtype=np.float32)
        assert np.isfinite(self.component.transform(X)).all()
