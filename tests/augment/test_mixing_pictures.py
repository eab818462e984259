"""Pictures that are mixed, and pictures with holes: what each pixel is made of, and that shares tell it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.augment.boxes import boxes
from holdfast.errors import BadInput
from holdfast.keys import item_keys
from holdfast.recipe.channels import RGB
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data

N, H, W = 200, 20, 16
KEYS = item_keys(4, np.arange(N))
# every value of picture i is i, so that a mix tells what it is made of
X = np.tile(np.arange(N, dtype=np.uint8)[:, None, None, None], (1, H, W, 3))
ALONE = np.eye(N, dtype=np.float32)  # a class for each picture


def changed(
    name: str, batch: np.ndarray = X, keys: np.ndarray = KEYS, **fields: Any
) -> tuple[np.ndarray, np.ndarray]:
    component: Any = parse("augment", {name: fields})
    made, targets = component.for_channels(RGB).apply(batch, np.eye(len(batch), dtype=np.float32), keys)
    assert made.dtype == np.uint8
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-5)
    return made, targets


def test_mixup_rounds_what_the_shares_say() -> None:
    made, mixed = changed("mixup", alpha=1.0)
    assert (made == made[:, :1, :1, :1]).all(), "one share for all pixels"
    np.testing.assert_allclose(mixed @ np.arange(N), made[:, 0, 0, 0], atol=0.501)
    assert (np.diag(mixed) >= 0.5).all()
    white = np.full((4, H, W, 3), 255, dtype=np.uint8)
    assert (changed("mixup", white, KEYS[:4])[0] == 255).all(), "nothing runs over"


def test_cutmix_share_is_the_share_of_pixels_of_one_box() -> None:
    made, mixed = changed("cutmix")
    own = (made == X).all(axis=3)
    np.testing.assert_allclose(np.diag(mixed), own.mean(axis=(1, 2)), rtol=1e-6)
    assert (np.diag(mixed) >= 0.5 - 0.03).all(), "the larger part is the picture's own, up to a row of pixels"
    for picture, mine, shares in zip(made[..., 0], own, mixed):
        assert set(picture[~mine]) == set(np.flatnonzero(shares)) - set(picture[mine])
        rows, columns = (~mine).any(axis=1), (~mine).any(axis=0)
        assert np.array_equal(~mine, np.outer(rows, columns)), "one box"
        for line in (rows, columns):
            assert (np.diff(np.r_[0, line.astype(int), 0]) == 1).sum() <= 1
    assert (~own).any(axis=0).all(), "it reaches every pixel, the corners too"


@pytest.mark.parametrize(("cut", "side"), [("vertical_half", 2), ("horizontal_half", 1)])
def test_halves_come_from_the_partner_either_one(cut: str, side: int) -> None:
    made, mixed = changed("cutmix", cut=cut)
    assert (np.diag(mixed) == 0.5).all()
    own = (made == X).all(axis=3)
    assert (own == own.any(axis=3 - side, keepdims=True)).all(), "a half spans the other side"
    firsts = own.any(axis=3 - side)[:, : X.shape[side] // 2]
    assert (firsts.all(axis=1) | ~firsts.any(axis=1)).all()
    assert 0.35 < firsts.all(axis=1).mean() < 0.65, "the first half as often as the second"


def test_half_of_an_odd_width_is_the_smaller_part_with_its_exact_share() -> None:
    made, mixed = changed("cutmix", X[:, :, :15], cut="vertical_half")
    np.testing.assert_allclose(np.diag(mixed), 8 / 15, rtol=1e-6)
    assert ((made[:, 0, :, 0] == np.arange(N)[:, None]).sum(axis=1) == 8).all()


def test_some_pictures_stay_whole_where_p_says_so() -> None:
    for cut in ("box", "vertical_half"):
        made, mixed = changed("cutmix", cut=cut, p=0.3)
        cut_ones = (made != X).any(axis=(1, 2, 3))
        assert 0.15 < cut_ones.mean() < 0.45
        assert (np.diag(mixed)[~cut_ones] == 1).all()
    windows = np.tile(np.arange(N, dtype=np.float32)[:, None, None], (1, 20, 2))
    component: Any = parse("augment", {"cutmix": {"p": 0.3}})
    longer, shares = component.apply(windows, ALONE, KEYS)
    assert 0.15 < (longer != windows).any(axis=(1, 2)).mean() < 0.45
    np.testing.assert_allclose(np.diag(shares), (longer == windows).mean(axis=(1, 2)), rtol=1e-6)


def test_halves_are_of_pictures_alone() -> None:
    component: Any = parse("augment", {"cutmix": {"cut": "vertical_half"}})
    with pytest.raises(BadInput, match=r"augment\.cutmix\.cut: vertical_half is a part of pictures"):
        component.for_channels(("x", "y", "z"))
    plain: Any = parse("augment", "cutmix")
    assert plain.for_channels(("x", "y", "z")) == plain


@pytest.mark.parametrize("entry", ["mixup", "cutmix", {"cutmix": {"cut": "vertical_half"}}])
def test_order_of_the_batch_changes_nothing(entry: Any) -> None:
    ((name, fields),) = parse("augment", entry).entry().items()
    shuffled = np.random.default_rng(1).permutation(N)
    plain, other = changed(name, **fields), changed(name, X[shuffled], KEYS[shuffled], **fields)
    assert np.array_equal(plain[0][shuffled], other[0])
    assert np.array_equal(plain[1][np.ix_(shuffled, shuffled)], other[1])


# holes


def test_a_hole_is_a_square_of_the_pictures_mean_anywhere() -> None:
    rng = np.random.default_rng(0)
    batch = rng.integers(0, 40, (N, H, W, 3), dtype=np.uint8)
    batch[..., 1] += 100  # channels have means of their own
    made, targets = changed("cutout", batch, share=0.5)
    assert np.array_equal(targets, ALONE)
    hole = (made != batch).any(axis=3)
    assert hole.any(axis=(1, 2)).all()
    assert hole.any(axis=0).all(), "it reaches the corners"
    heights, widths = hole.any(axis=2).sum(axis=1), hole.any(axis=1).sum(axis=1)
    assert heights.max() == widths.max() == 8, "half of the shorter side"
    assert ((heights >= 4) & (widths >= 4)).all(), (
        "at the edge half of it is left, for its centre lies inside"
    )
    filled = np.where(hole[..., None], made, np.nan)
    middle = np.nanmedian(filled, axis=(1, 2))
    np.testing.assert_allclose(middle, batch.mean(axis=(1, 2)), atol=0.501)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 30), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30),
    st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True),
)  # fmt: skip
def test_boxes_lie_in_the_picture_about_their_centre(
    h: int, w: int, height: int, width: int, y: float, x: float
) -> None:
    made = boxes(np.array([[y, x]]), np.array([height]), np.array([width]), (h, w))
    top, bottom, left, right = made[0]
    assert 0 <= top <= bottom <= h
    assert 0 <= left <= right <= w
    assert bottom - top <= height
    assert right - left <= width
    if height and width:
        assert top <= int(y * h) < bottom or height == 1
        assert (bottom - top) * (right - left) > 0
    if height <= h and abs(y - 0.5) * h <= (h - height) / 2 - 1:
        assert bottom - top == height, "whole where it fits"


def test_pictures_of_a_person_stay_within_their_batch() -> None:
    """On the tiny pictures: colours of each result lie between those of the picture and its partner."""
    data = tiny_data("images")
    batch, keys = data.read(), item_keys(1, np.arange(len(data)))
    for name in ("mixup", "cutmix"):
        made, mixed = changed(name, batch, keys)
        wanted = np.tensordot(mixed, batch.reshape(len(batch), -1).mean(axis=1), axes=1)
        np.testing.assert_allclose(made.mean(axis=(1, 2, 3)), wanted, atol=0.51 if name == "mixup" else 25)
