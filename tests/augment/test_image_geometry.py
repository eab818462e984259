"""Pictures mirrored, moved, turned, cut out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.augment.affine import affine_matrix
from holdfast.augment.random_box import DRAWS, random_box
from holdfast.keys import item_keys
from holdfast.recipe.registry import parse
from holdfast.vision import torchvision

KEYS = item_keys(3, np.arange(1000))
NOISE = np.random.default_rng(0).integers(0, 256, size=(40, 18, 12, 3), dtype=np.uint8)
SQUARE = np.random.default_rng(1).integers(0, 256, size=(6, 15, 15, 3), dtype=np.uint8)
ROWS, COLUMNS = np.mgrid[:30, :24]
SMOOTH = np.stack([4 * ROWS + 3 * COLUMNS, 200 - 3 * ROWS, 60 + 2 * COLUMNS], axis=2).astype(np.uint8)
SIDES = st.integers(1, 40)


def changed(name: str, batch: np.ndarray, **fields: Any) -> np.ndarray:
    made = parse("augment", {name: fields}).for_channels(("red", "green", "blue"))  # type: ignore[attr-defined]
    out = made.apply(batch, np.zeros(len(batch)), KEYS[: len(batch)])[0]
    assert isinstance(out, np.ndarray)
    assert (out.dtype, out.shape) == (np.dtype(np.uint8), batch.shape)
    return out


# flips


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), SIDES, SIDES)
def test_flip_is_a_mirror_and_its_own_inverse(seed: int, h: int, w: int) -> None:
    batch = np.random.default_rng(seed).integers(0, 256, size=(3, h, w, 3), dtype=np.uint8)
    for name, mirrored in (("horizontal_flip", batch[:, :, ::-1]), ("vertical_flip", batch[:, ::-1])):
        once = changed(name, batch, p=1)
        assert np.array_equal(once, mirrored)
        assert np.array_equal(changed(name, once, p=1), batch)


@pytest.mark.parametrize("name", ["horizontal_flip", "vertical_flip", "random_erasing"])
@pytest.mark.parametrize("p", [0, 0.2, 0.5])
def test_share_of_pictures_changed_is_p(name: str, p: float) -> None:
    batch = np.repeat(NOISE[:1], 1000, axis=0)
    share = (changed(name, batch, p=p) != batch).any(axis=(1, 2, 3)).mean()
    assert share == pytest.approx(p, abs=0.05 if p else 0)


# random_crop


def test_crop_shifts_by_whole_pixels_up_to_the_padding_and_fills_with_black() -> None:
    batch = np.repeat(NOISE[:1], 1000, axis=0)
    padded = np.pad(NOISE[0], ((2, 2), (2, 2), (0, 0)))
    parts = [padded[top : top + 18, left : left + 12] for top in range(5) for left in range(5)]
    made = changed("random_crop", batch, padding=2)
    which = np.array([[np.array_equal(one, part) for part in parts] for one in made])
    assert (which.sum(axis=1) == 1).all(), "every picture is one of the 25 shifts"
    assert which.sum(axis=0).min() > 15, "and every shift comes up"


@pytest.mark.parametrize(("mode", "first"), [("edge", 0), ("symmetric", 0), ("reflect", 1)])
def test_padding_mode_says_what_comes_in(mode: str, first: int) -> None:
    made = changed("random_crop", np.repeat(NOISE[:1], 200, axis=0), padding=1, padding_mode=mode)
    down = [one for one in made if np.array_equal(one[1:], NOISE[0, :-1])]
    assert down
    assert all(np.array_equal(one[0], NOISE[0, first]) for one in down)


# boxes, which random_resized_crop and random_erasing share


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), SIDES, SIDES, st.floats(0.001, 1), st.floats(0.01, 100))
def test_box_lies_whole_in_the_picture(seed: int, h: int, w: int, share: float, ratio: float) -> None:
    drawn = np.random.default_rng(seed).random(DRAWS)
    rows, columns = random_box(drawn, (h, w), (share, 1.0), (ratio, ratio * 2))
    assert 0 <= rows.start < rows.stop <= h
    assert 0 <= columns.start < columns.stop <= w


def test_boxes_have_the_area_and_the_ratio_asked_for_and_reach_all_corners() -> None:
    h, w = 200, 100
    boxes = [
        random_box(drawn, (h, w), (0.1, 0.3), (0.5, 2.0))
        for drawn in np.random.default_rng(0).random((2000, DRAWS))
    ]
    high = np.array([rows.stop - rows.start for rows, _ in boxes]) / h
    wide = np.array([columns.stop - columns.start for _, columns in boxes]) / w
    area, ratio = high * wide, wide / high
    assert area.min() == pytest.approx(0.1, abs=0.01)
    assert area.max() == pytest.approx(0.3, abs=0.01)
    assert area.mean() == pytest.approx(0.2, abs=0.005)
    assert (ratio.min(), ratio.max()) == pytest.approx((0.5, 2.0), abs=0.05)
    assert np.log(ratio).mean() == pytest.approx(0, abs=0.03)
    assert min(rows.start for rows, _ in boxes) == min(columns.start for _, columns in boxes) == 0
    assert (max(rows.stop for rows, _ in boxes), max(columns.stop for _, columns in boxes)) == (h, w)


# random_resized_crop


def test_crop_of_everything_changes_nothing() -> None:
    assert np.array_equal(changed("random_resized_crop", NOISE, scale=[1, 1], ratio=[1, 1]), NOISE)


def test_resized_crop_agrees_with_torchvision() -> None:
    import torch

    torchvision()
    from torchvision.transforms.v2 import functional

    component = parse("augment", "random_resized_crop")
    for drawn in np.random.default_rng(4).random((20, DRAWS)):
        made = component.changed(SMOOTH, drawn, 0)  # type: ignore[attr-defined]
        rows, columns = random_box(drawn, (30, 24), (0.5, 1.0), (3 / 4, 4 / 3))
        box = [rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start]
        theirs = functional.resized_crop(
            torch.from_numpy(SMOOTH).permute(2, 0, 1), *box, [30, 24], antialias=False
        )
        assert np.abs(made.astype(int) - theirs.permute(1, 2, 0).numpy()).max() <= 1


# random_erasing


@pytest.mark.parametrize("value", [0, 255, "random"])
def test_erasing_changes_exactly_a_box(value: int | str) -> None:
    batch = np.full((200, 18, 12, 3), 77, dtype=np.uint8)
    made = changed("random_erasing", batch, p=1, value=value, scale=[0.05, 0.3])
    for one in made:
        gone = (one != 77).any(axis=2)
        rows, columns = (np.flatnonzero(gone.any(axis=axis)) for axis in (1, 0))
        box = one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert (np.diff(rows) == 1).all()
        assert (np.diff(columns) == 1).all()
        assert 0.02 < gone.mean() < 0.36
        if value != "random":
            assert (box == value).all()
    if value == "random":
        filled = made[(made != 77).any(axis=3)]
        assert filled.mean() == pytest.approx(127.5, abs=2)
        assert filled.std() == pytest.approx(256 / 12**0.5, abs=2)


# affine


def test_identity_changes_nothing() -> None:
    still = {"degrees": 0, "translate": [0, 0], "scale": [1, 1], "shear": 0}
    assert np.array_equal(changed("affine", NOISE, **still), NOISE)


@pytest.mark.parametrize(("angle", "turns"), [(90, -1), (-90, 1), (180, 2)])
def test_a_quarter_turn_is_exact(angle: float, turns: int) -> None:
    still = {"translate": [0, 0], "scale": [1, 1], "shear": 0}
    made = changed("affine", SQUARE, degrees=[angle, angle], **still)
    assert np.array_equal(made, np.rot90(SQUARE, turns, axes=(1, 2)))


def test_shift_reaches_its_share_of_the_sides_and_lets_black_in() -> None:
    batch = np.full((400, 20, 10, 3), 200, dtype=np.uint8)
    made = changed("affine", batch, degrees=0, translate=[0.2, 0.1], scale=[1, 1])
    assert set(np.unique(made)) == {0, 200}
    filled = (made[..., 0] == 200).any
    assert (10 - filled(axis=1).sum(axis=1)).max() == 2
    assert (20 - filled(axis=2).sum(axis=1)).max() == 2


@settings(max_examples=40, deadline=None)
@given(st.floats(-180, 180), st.integers(-8, 8), st.integers(-8, 8), st.floats(0.5, 2.0), st.floats(-40, 40))
def test_affine_agrees_with_torchvision(angle: float, dx: int, dy: int, scale: float, shear: float) -> None:
    import cv2
    import torch

    torchvision()
    from torchvision.transforms.v2 import InterpolationMode, functional

    def theirs_of(picture: np.ndarray) -> np.ndarray:
        tensor = torch.from_numpy(picture).permute(2, 0, 1)
        how = {"interpolation": InterpolationMode.BILINEAR}
        made = functional.affine(tensor, angle, [dx, dy], scale, [shear, 0.0], **how)
        return made.permute(1, 2, 0).numpy()

    matrix = affine_matrix((30, 24), angle, (dx, dy), scale, shear)
    made = cv2.warpAffine(SMOOTH, matrix, (24, 30), flags=cv2.INTER_LINEAR)
    inside = theirs_of(np.full_like(SMOOTH, 255)) == 255  # where no black is mixed in
    difference = np.abs(made.astype(int) - theirs_of(SMOOTH))
    assert difference[inside].max(initial=0) <= 1


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"affine": {"degrees": [10, -10]}}, "least, largest"),
        ({"affine": {"degrees": 181}}, "from 0 to 180"),
        ({"affine": {"scale": [1.2, 0.8]}}, "the least first"),
        ({"affine": {"translate": [0.1, 1.1]}}, "less than or equal to 1"),
        ({"random_crop": {"padding_mode": "wrap"}}, "constant"),
        ({"random_erasing": {"value": 256}}, "255"),
        ({"random_resized_crop": {"scale": [0, 1]}}, "greater than 0"),
    ],
)
def test_wrong_fields_are_refused(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse("augment", entry)
