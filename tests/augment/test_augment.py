"""Augmentations, in numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.augment.roll import roll
from holdfast.keys import for_step, item_keys, normals, uniforms
from holdfast.recipe.registry import parse

KEYS = item_keys(1, np.arange(400))
RAMP = np.tile(np.arange(16, dtype=np.float32)[None, :, None], (400, 1, 2))


@given(st.integers(1, 9), st.lists(st.integers(-20, 20), min_size=1, max_size=5))
def test_roll_equals_numpys(steps: int, shifts: list[int]) -> None:
    X = np.random.default_rng(0).normal(size=(len(shifts), steps, 2))
    want = [np.roll(window, shift, axis=0) for window, shift in zip(X, shifts)]
    assert np.array_equal(roll(X, np.array(shifts)), want)


def shifts(**fields: float) -> np.ndarray:
    changed, _ = parse("augment", {"roll": fields}).apply(RAMP, np.zeros(400), KEYS)  # type: ignore[attr-defined]
    moved = (16 - changed[:, 0, 0]) % 16
    return np.where(moved > 8, moved - 16, moved)


def test_roll_draws_every_shift_and_keeps_its_reach_and_share() -> None:
    assert len(np.unique(shifts())) == 16
    assert np.abs(shifts(reach=0.25)).max() == 2
    assert (shifts(p=0.3) != 0).mean() == pytest.approx(0.3, abs=0.08)


def test_jitter_is_a_share_of_the_windows_own_deviation() -> None:
    X = RAMP * np.array([1, 100], dtype=np.float32)
    changed, _ = parse("augment", {"jitter": {"std": 0.1}}).apply(X, np.zeros(400), KEYS)  # type: ignore[attr-defined]
    noise = (changed - X).std(axis=(0, 1)) / X[0].std(axis=0)
    assert noise == pytest.approx([0.1, 0.1], rel=0.05)


# keys


def test_keys_are_the_items_own() -> None:
    whole = item_keys(7, np.arange(50), 2)
    assert len(set(whole.tolist())) == 50
    assert np.array_equal(item_keys(7, np.array([31, 4]), 2), whole[[31, 4]])
    assert not np.isin(item_keys(7, np.arange(50), 3), whole).any()
    assert not np.isin(item_keys(8, np.arange(50), 2), whole).any()
    assert not np.isin(for_step(whole, 0), for_step(whole, 1)).any()


def test_normals_of_a_key_are_philoxs_own() -> None:
    keys = item_keys(3, np.arange(5))
    for shape in ((3,), (4, 2)):
        want = [
            np.random.Generator(np.random.Philox(key=int(k))).standard_normal(shape, np.float32) for k in keys
        ]
        assert np.array_equal(normals(keys, shape), want)


def test_numbers_of_keys_are_spread_as_they_should_be() -> None:
    u, z = uniforms(item_keys(0, np.arange(5000)), 2), normals(item_keys(0, np.arange(1000)), (4,))
    assert ((u >= 0) & (u < 1)).all()
    assert u.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.02)
    assert abs(np.corrcoef(u.T)[0, 1]) < 0.05
    assert z.dtype == np.float32
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=0.05), pytest.approx(1, abs=0.05))
