"""Window statistics of known signals."""

from __future__ import annotations

import numpy as np

from holdfast.recipe.registry import parse

MAKER = parse("features", "window_statistics")
TIME = np.arange(128) / 128


def features(signal: np.ndarray) -> np.ndarray:
    return MAKER.transform(signal.reshape(1, -1, 1).astype(np.float32))[0]  # type: ignore[attr-defined]


def test_mean_and_deviation_come_first() -> None:
    made = features(3 + np.sin(2 * np.pi * 4 * TIME))
    np.testing.assert_allclose(made[:2], [3, np.sqrt(0.5)], rtol=1e-4)


def test_frequency_is_seen_where_the_deviation_is_the_same() -> None:
    slow, fast = (features(np.sin(2 * np.pi * f * TIME)) for f in (2, 20))
    np.testing.assert_allclose(slow[:2], fast[:2], atol=1e-4)
    assert np.abs(slow - fast).max() > 1


def test_place_in_the_window_is_seen() -> None:
    early, late = (features((np.abs(TIME - at) < 0.05).astype(float)) for at in (0.2, 0.8))
    assert np.abs(early - late).max() > 0.5


def test_more_channels_more_features() -> None:
    X = np.random.default_rng(0).normal(size=(2, 32, 3)).astype(np.float32)
    one, three = MAKER.transform(X[:, :, :1]).shape[1], MAKER.transform(X).shape[1]  # type: ignore[attr-defined]
    assert three == 3 * one + 3, "and a correlation for each pair"
