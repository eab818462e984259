"""The mask of gaps, and what augmentation does to it."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.augment.roll import roll
from holdfast.errors import BadInput
from holdfast.keys import item_keys
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import known, parse
from holdfast.testing import example_of
from holdfast.testing.samples import NAMES, tiny_data, with_gaps

AUGMENTS = {name: cls for name, cls in known("augment").items() if "windows" in cls.takes}  # type: ignore[attr-defined]


def masked(X: np.ndarray) -> np.ndarray:
    """Windows with the mask as their last channel, gaps closed."""
    data = tiny_data()
    train = type(data)("windows", data.ids, X, data.names)
    steps = [parse("prepare", step) for step in ("gap_mask", "interpolate")]
    return Pipeline(steps, "windows", data.names).fit(train).before(X)  # type: ignore[arg-type]


def test_marks_every_gap_of_any_channel() -> None:
    X = with_gaps(tiny_data().source)
    out = masked(X)
    assert np.isfinite(out).all()
    assert np.array_equal(out[:, :, 3] == 1, np.isnan(X).any(axis=2))
    assert np.array_equal(out[:, :, :3], np.where(np.isnan(X), out[:, :, :3], X))


@pytest.mark.parametrize("closing", ["interpolate", "kalman", {"resample": {"rate": 8, "to": 4}}])
def test_must_stand_before_what_closes_gaps(closing: object) -> None:
    steps = [parse("prepare", step) for step in (closing, "gap_mask")]
    with pytest.raises(BadInput, match=r"prepare: gap_mask must stand before \w+, which closes the gaps"):
        Pipeline(steps, "windows", ("x", "y", "z"))  # type: ignore[arg-type]


def test_roll_carries_the_mask_with_the_signal() -> None:
    out = masked(with_gaps(tiny_data().source))
    shifts = np.arange(len(out))
    assert np.array_equal(roll(out, shifts)[:, :, 3], roll(out[:, :, 3:], shifts)[:, :, 0])


@pytest.mark.parametrize("name", AUGMENTS)
def test_no_augmentation_marks_gaps_where_there_are_none(name: str) -> None:
    data = tiny_data()
    assert data.target is not None
    batch = masked(data.source)
    augment = example_of(AUGMENTS[name]).for_channels(NAMES["windows"])  # type: ignore[attr-defined]
    y = np.eye(3, dtype=np.float32)[data.target] if augment.mixes_targets else data.target
    changed, _ = augment.apply(batch, y, item_keys(0, np.arange(len(batch))))
    assert changed.shape == batch.shape
    np.testing.assert_allclose(changed[:, :, 3], 0, atol=1e-7)
