"""What hides or reorders parts of a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.augment.stretch import stretches
from holdfast.errors import BadInput
from holdfast.keys import item_keys
from holdfast.recipe.registry import parse

N, STEPS = 400, 24
KEYS = item_keys(2, np.arange(N))
X = np.random.default_rng(0).normal(3, 1, size=(N, STEPS, 4)).astype(np.float32)
RAMP = np.tile(np.arange(STEPS, dtype=np.float32)[None, :, None], (N, 1, 2))


def changed(name: str, batch: np.ndarray, **fields: Any) -> np.ndarray:
    made = parse("augment", {name: fields}).apply(batch, np.zeros(len(batch)), KEYS[: len(batch)])[0]  # type: ignore[attr-defined]
    assert isinstance(made, np.ndarray)
    assert made.dtype == np.float32
    return made


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.floats(0, 1, exclude_max=True), st.data())
def test_stretch_lies_whole_in_the_window(steps: int, place: float, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, steps))
    inside = stretches(np.array([place]), np.array([length]), steps)[0]
    assert inside.sum() == length
    assert (np.diff(inside.astype(int)) != 0).sum() <= 2


def test_stretches_lie_evenly_wherever_they_fit() -> None:
    starts = stretches(np.linspace(0, 1, 500, endpoint=False), np.full(500, 6), 10).argmax(axis=1)
    assert np.bincount(starts).tolist() == [100] * 5


# cutout


def test_cutout_sets_one_stretch_to_the_mean_and_nothing_else() -> None:
    made = changed("cutout", X, share=0.25)
    cut = (made != X).any(axis=2)
    assert (cut.sum(axis=1) == 6).all()
    assert (np.diff(cut.astype(int), axis=1) == 1).sum(axis=1).max() == 1
    assert cut.any(axis=0).all(), "it reaches every step"
    means = np.broadcast_to(X.mean(axis=1, keepdims=True), X.shape)
    assert np.array_equal(made[cut], means[cut])


def test_cutout_takes_at_least_a_step() -> None:
    assert ((changed("cutout", X, share=0.001) != X).any(axis=2).sum(axis=1) == 1).all()


# channel_dropout


@pytest.mark.parametrize("p", [0.05, 0.3, 0.99])
def test_dropped_channels_are_filled_and_never_all_of_them(p: float) -> None:
    for fill, value in (("mean", X.mean(axis=1, keepdims=True)), ("zero", np.zeros((N, 1, 4)))):
        made = changed("channel_dropout", X, p=p, fill=fill)
        dropped = (made != X).any(axis=1)
        assert (dropped.sum(axis=1) < 4).all()
        want = np.where(dropped[:, None, :], value, X).astype(np.float32)
        assert np.array_equal(made, want)
        expected = p - p**4 / 4  # all four would fall with p⁴; then one of them stays
        assert dropped.mean() == pytest.approx(expected, abs=0.04)


def test_one_channel_alone_cannot_drop() -> None:
    with pytest.raises(BadInput, match=r"augment\.channel_dropout: the data have one channel"):
        parse("augment", "channel_dropout").for_channels(("x",))  # type: ignore[attr-defined]


# permutation


def test_permutation_keeps_every_step_whole_and_segments_unbroken() -> None:
    made = changed("permutation", RAMP, segments=4)[:, :, 0]
    assert np.array_equal(np.sort(made, axis=1), RAMP[:, :, 0])
    for window in made:
        lengths = np.diff(np.r_[0, np.flatnonzero(np.diff(window) != 1) + 1, STEPS])
        assert len(lengths) <= 4
        assert lengths.min() >= 2  # half of an even share, less the rounding
    rows = changed("permutation", X)
    assert {row.tobytes() for row in rows[0]} == {row.tobytes() for row in X[0]}, "channels stay together"


def test_every_order_and_many_cuts_are_drawn() -> None:
    made = changed("permutation", RAMP, segments=2)[:, :, 0]
    moved = made[:, 0] != 0
    assert moved.mean() == pytest.approx(0.5, abs=0.1)
    assert set(made[moved, 0]) == set(range(10, 16)), "cuts lie within a quarter of a segment of the middle"


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(2, 12))
def test_permutation_of_few_steps_in_many_segments(steps: int, segments: int) -> None:
    made = changed("permutation", RAMP[:30, :steps], segments=segments)
    assert np.array_equal(np.sort(made, axis=1), RAMP[:30, :steps])
