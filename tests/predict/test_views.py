"""Views at test time: where they lie, and that each sample's are its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engine.threads import limited
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import resolve
from holdfast.predict.test_time import AtTestTime
from holdfast.predict.views import even_shifts
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, tiny_data

STEPS = 41
RAMP = np.tile(np.arange(STEPS, dtype=np.float32)[None, :, None], (3, 1, 2))
X = np.random.default_rng(0).normal(size=(5, STEPS, 2)).astype(np.float32)


def views(name: str, batch: np.ndarray, **fields: Any) -> list[np.ndarray]:
    made = list(parse("tta", {name: fields}).views(batch))  # type: ignore[attr-defined]
    assert all(view.shape == batch.shape and view.dtype == np.float32 for view in made)
    return made


# roll


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 40), st.floats(0.01, 1))
def test_shifts_differ_stay_in_reach_and_are_even(steps: int, times: int, reach: float) -> None:
    shifts = even_shifts(steps, times, reach)
    assert len(shifts) <= times
    either_way = np.array([shift if shift <= steps / 2 else shift - steps for shift in shifts])
    assert not np.isin(0, either_way)
    assert (np.abs(either_way) <= reach * steps / 2 + 0.5).all()
    if reach * steps >= 2 * (times + 1):
        assert len(shifts) == times
        gaps = np.diff(np.sort(np.r_[0, either_way]))
        assert np.ptp(gaps) <= 2  # what rounding at both ends can make


def test_rolled_views_are_rolls_of_the_window() -> None:
    made = views("roll", X, times=4)
    assert [shift for view in made for shift in range(STEPS) if np.array_equal(view, np.roll(X, shift, 1))] == [
        8, 16, 25, 33,
    ]  # fmt: skip
    assert len(views("roll", X[:, :3], times=8)) == 2, "three steps have two shifts"
    assert views("roll", X[:, :1]) == []


# jitter


def test_noise_is_the_same_for_every_sample_and_scaled_by_its_own_deviation() -> None:
    batch = np.concatenate([X, 100 * X])
    made = np.stack(views("jitter", batch, times=6, std=0.1))
    noise = (made - batch) / batch.std(axis=1, keepdims=True)
    np.testing.assert_allclose(noise, np.broadcast_to(noise[:, :1], noise.shape), atol=1e-4)
    assert noise[:, 0].std() == pytest.approx(0.1, rel=0.15)
    assert abs(np.corrcoef(noise[0, 0].ravel(), noise[1, 0].ravel())[0, 1]) < 0.4, "each view has its own"


# crops


def test_crops_lie_evenly_from_start_to_end() -> None:
    made = np.stack(views("crops", RAMP, times=5, share=0.6))[:, 0, :, 0]
    np.testing.assert_allclose(made[:, 0], [0, 4, 8, 12, 16], atol=1e-4)
    np.testing.assert_allclose(made[:, -1], [24, 28, 32, 36, 40], atol=1e-4)
    np.testing.assert_allclose(np.diff(made, axis=1), 0.6, atol=1e-4)


def test_one_crop_lies_in_the_middle() -> None:
    (made,) = views("crops", RAMP, times=1, share=0.5)
    np.testing.assert_allclose(made[0, [0, -1], 0], [10, 30], atol=1e-4)


# in prediction


def test_prediction_is_the_mean_over_the_window_and_its_views() -> None:
    tta = [{"roll": {"times": 2}}, {"jitter": {"times": 1}}, {"crops": {"times": 2}}]
    values = {
        "metric": "accuracy", "folds": "stratified", "prepare": ["standardize"], "predict": {"tta": tta},
        "members": {"net": {
            "model": {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}},
            "fit": {"epochs": 1, "precision": "32"},
        }},
    }  # fmt: skip
    data = tiny_data()
    with limited(1):
        made: Any = fit_member(
            resolve(Recipe.model_validate(values), "net", data, CLASSES), data, CLASSES, 0, 1
        )
        averaged = made.predict(data)
        each = [data.read(), *(view for one in tta for view in parse("tta", one).views(data.read()))]  # type: ignore[attr-defined]
        made.at_test_time = AtTestTime()
        alone = [made.predict(replace(data, source=view)) for view in each]
    assert len(each) == 6
    np.testing.assert_allclose(averaged, np.mean(alone, axis=0), atol=1e-5)
    assert not np.allclose(averaged, alone[0], atol=1e-4)
