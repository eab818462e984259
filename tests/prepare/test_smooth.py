"""Moving averages by hand and against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from holdfast.prepare.smooth import moving_average
from holdfast.recipe.registry import parse

GAPPY = arrays(
    np.float64, st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 2)),
    elements=st.one_of(st.just(np.nan), st.floats(-100, 100)),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(GAPPY, st.sampled_from([3, 5]))
def test_average_of_what_is_there(X: np.ndarray, window: int) -> None:
    half = window // 2
    for series, made in zip(X, moving_average(X, window)):
        wide = pd.DataFrame(np.pad(series, ((half, half), (0, 0)), mode="edge"))
        want = wide.rolling(window, center=True, min_periods=1).mean().to_numpy()[half:-half]
        np.testing.assert_allclose(made, want, atol=1e-9)


def test_is_added_beside_the_channels() -> None:
    X = np.array([0, 3, 0, 6], dtype=np.float32).reshape(1, 4, 1)
    out = parse("prepare", {"moving_average": {"window": 3}}).build(("x",)).transform(X)  # type: ignore[attr-defined]
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[0].T, [[0, 3, 0, 6], [1, 1, 3, 4]], rtol=1e-6)
