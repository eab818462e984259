"""Waves at another rate."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data


def wave(rate: float, seconds: float = 4, frequency: float = 1.0) -> np.ndarray:
    time = np.arange(round(rate * seconds)) / rate
    return (5 + np.sin(2 * np.pi * frequency * time)).reshape(1, -1, 1).astype(np.float32)


def resampled(X: np.ndarray, rate: float, to: float, **fields: object) -> np.ndarray:
    return parse("prepare", {"resample": {"rate": rate, "to": to, **fields}}).build(("x",)).transform(X)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("rate", "to"), [(50, 20), (20, 50), (52, 50), (31.25, 50), (50, 50)])
@pytest.mark.parametrize("method", ["polyphase", "linear"])
def test_a_slow_sine_keeps_its_form(rate: float, to: float, method: str) -> None:
    made, want = resampled(wave(rate), rate, to, method=method), wave(to)
    assert made.dtype == np.float32
    assert made.shape == want.shape
    inner = slice(int(to / 2), -int(to / 2))
    np.testing.assert_allclose(made[:, inner], want[:, inner], atol=0.02)
    assert np.abs(made - 5).max() < 1.2, "no ringing at the ends"


def test_polyphase_removes_what_the_new_rate_cannot_hold() -> None:
    fast = wave(100, frequency=22)
    aliased, clean = (resampled(fast, 100, 20, method=how)[0, 10:-10, 0] for how in ("linear", "polyphase"))
    assert aliased.std() > 0.5, "a wave of 2 Hz that was never there"
    assert clean.std() < 0.1


def test_gaps_are_closed_and_spoil_nothing() -> None:
    X = wave(50)
    X[0, 60:62] = np.nan
    np.testing.assert_allclose(resampled(X, 50, 25), resampled(wave(50), 50, 25), atol=0.02)


def test_empty_series_stays_missing() -> None:
    assert np.isnan(resampled(np.full((1, 50, 1), np.nan, dtype=np.float32), 50, 20)).all()


def test_a_mask_stays_between_its_bounds() -> None:
    data = tiny_data()
    source = data.source.copy()
    source[:, 5:9, 0] = np.nan
    steps = [
        parse("prepare", step) for step in ("gap_mask", {"resample": {"rate": 8, "to": 20}}, "interpolate")
    ]
    pipeline = Pipeline(steps, "windows", data.names).fit(type(data)("windows", data.ids, source, data.names))  # type: ignore[arg-type]
    out = pipeline.transform(source)
    assert out.shape == (36, 40, 4)
    mask = out[:, :, 3]
    assert mask.min() == 0
    assert mask.max() == 1
    # steps 5 to 8 of 16 are places 12.5 to 20 of 40
    assert (mask[:, 13:21] == 1).all()
    assert not mask[:, :10].any()


def test_the_very_shortest_windows() -> None:
    assert resampled(np.ones((2, 1, 1), dtype=np.float32), 50, 20).shape == (2, 1, 1)
    assert resampled(np.ones((2, 1, 1), dtype=np.float32), 20, 50).shape == (2, 3, 1)


def test_a_rate_too_low() -> None:
    with pytest.raises(ValueError, match=r"to: expected at least 0\.05"):
        parse("prepare", {"resample": {"rate": 50, "to": 0.001}})
