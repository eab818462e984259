"""Views of pictures at test time, and the mean over views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.predict.base import mean_of_views
from holdfast.recipe.registry import parse

RNG = np.random.default_rng(0)
H, W = 20, 16
X = RNG.integers(0, 256, (4, H, W, 3), dtype=np.uint8)
ROWS = np.tile(
    np.arange(0, 10 * H, 10, dtype=np.uint8)[None, :, None, None], (2, 1, W, 3)
)  # a ramp downwards
COLUMNS = np.tile(np.arange(0, 10 * W, 10, dtype=np.uint8)[None, None, :, None], (2, H, 1, 3))


def views(name: str, batch: np.ndarray, **fields: Any) -> list[np.ndarray]:
    component: Any = parse("tta", {name: fields})
    made = list(component.views(batch))
    assert all(view.shape == batch.shape and view.dtype == np.uint8 for view in made)
    return made


def test_flips() -> None:
    (mirrored,) = views("flip", X)
    assert np.array_equal(mirrored[:, :, 0], X[:, :, -1])
    assert np.array_equal(mirrored[:, :, ::-1], X)
    made = views("flip", X, vertical=True)
    wanted = [X[:, :, ::-1], X[:, ::-1], X[:, ::-1, ::-1]]
    assert all(np.array_equal(view, want) for view, want in zip(made, wanted))
    assert len(made) == 3


def test_crops_of_pictures_are_the_middle_and_the_corners() -> None:
    def ends(batch: np.ndarray) -> list[tuple[int, int]]:
        return [(int(v[0, 0, 0, 0]), int(v[0, -1, -1, 0])) for v in views("crops", batch, share=0.5)]

    # half of the sides: 10 of 20 rows, 8 of 16 columns
    assert ends(ROWS) == [(50, 140), (0, 90), (100, 190), (0, 90), (100, 190)]
    assert ends(COLUMNS) == [(40, 110), (0, 70), (80, 150), (80, 150), (0, 70)]
    assert len(views("crops", X, times=1)) == 1
    assert len(views("crops", X, times=9)) == 5


def test_nearer_and_farther_about_the_middle() -> None:
    nearer, farther = views("scales", ROWS, factors=[2, 0.5])
    assert (nearer[0, 0, 0, 0], nearer[0, -1, 0, 0]) == (50, 140)
    assert (np.diff(nearer[0, :, 0, 0].astype(int)) <= 6).all(), "half as steep"
    inner = farther[0, :, 0, 0].astype(int)
    assert (inner[:4] == 0).all(), "the upper edge repeats"
    assert (inner[-4:] == 190).all()
    steep = np.diff(inner[7:13])
    assert (abs(steep - 20) <= 2).all(), "twice as steep"
    np.testing.assert_allclose((farther + farther[:, ::-1].astype(int)), 190, atol=1)


def test_factors_in_reach() -> None:
    for wrong, word in (([], "at least 1"), ([0.1], "0.25"), ([5], "4")):
        with pytest.raises(ValueError, match=word):
            parse("tta", {"scales": {"factors": wrong}})


# the mean over views

SHARES = st.lists(st.floats(1e-3, 1), min_size=6, max_size=6)


def rows(values: list[float]) -> np.ndarray:
    made = np.array(values).reshape(2, 3)
    return np.asarray(made / made.sum(axis=1, keepdims=True))


@settings(max_examples=40, deadline=None)
@given(st.lists(SHARES, min_size=1, max_size=4))
def test_mean_of_logits_is_that_of_softmax_inputs(drawn: list[list[float]]) -> None:
    said = [rows(values) for values in drawn]
    shifts = np.random.default_rng(0).normal(size=(len(said), 2, 1))  # logits are free up to a number a row
    logits = np.mean([np.log(one) + shift for one, shift in zip(said, shifts)], axis=0)
    want = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(mean_of_views(said, "logits"), want, rtol=1e-8)
    np.testing.assert_allclose(mean_of_views(said), np.mean(said, axis=0), rtol=1e-12)


def test_means_differ_where_one_view_rules_a_class_out() -> None:
    said = [np.array([[0.6, 0.4]]), np.array([[1e-6, 1 - 1e-6]])]
    assert mean_of_views(said)[0, 0] == pytest.approx(0.3, abs=1e-5)
    assert mean_of_views(said, "logits")[0, 0] < 0.01


def test_zeros_values_and_types() -> None:
    sure = [np.eye(3, dtype=np.float32)[[0, 1]], np.eye(3, dtype=np.float32)[[1, 1]]]
    made = mean_of_views(sure, "logits")
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, [[0.5, 0.5, 0], [0, 1, 0]], atol=1e-3)
    values = [np.array([1.0, -2.0]), np.array([3.0, 4.0])]
    assert mean_of_views(values, "logits").tolist() == mean_of_views(values).tolist() == [2, 1]


def test_float32_views_keep_the_bits_of_their_mean() -> None:
    said = [RNG.random((50, 4)).astype(np.float32) for _ in range(7)]
    assert np.array_equal(mean_of_views(said), np.mean(said, axis=0, dtype=np.float32))
