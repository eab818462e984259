"""The canonical characteristics: where they come from, and where they are undefined."""

from __future__ import annotations

import numpy as np

from holdfast.recipe.registry import parse

MAKER = parse("features", "catch22")


def test_a_column_a_characteristic_and_channel() -> None:
    from aeon.transformations.collection.feature_based import Catch22

    X = np.random.default_rng(0).normal(size=(3, 40, 2)).astype(np.float32)
    made = MAKER.transform(X)  # type: ignore[attr-defined]
    assert made.shape == (3, 44)
    second = Catch22(replace_nans=True).fit_transform(X[:, :, 1].astype(np.float64)[:, None])
    np.testing.assert_allclose(made[:, 22:], second, rtol=1e-5, atol=1e-6)


def test_tells_a_wave_from_noise_of_the_same_deviation() -> None:
    rng = np.random.default_rng(1)
    wave = np.sqrt(2) * np.sin(np.arange(64) / 4)
    noise = rng.normal(size=64)
    X = np.stack([wave, noise]).astype(np.float32)[:, :, None]
    slow, fast = MAKER.transform(X)[:, 2]  # type: ignore[attr-defined]
    assert slow > 3 * fast, "the first crossing of 1/e by the autocorrelation"


def test_what_is_undefined_is_zero() -> None:
    made = MAKER.transform(np.full((1, 30, 1), 7, dtype=np.float32))  # type: ignore[attr-defined]
    assert np.isfinite(made).all()
    assert made[0, 0] == 0, "a constant has no histogram"


def test_no_windows() -> None:
    assert MAKER.transform(np.zeros((0, 30, 2), dtype=np.float32)).shape == (0, 44)  # type: ignore[attr-defined]
