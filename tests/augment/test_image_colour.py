"""Light, colour, focus and contrast of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.augment.color_jitter import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
)
from holdfast.keys import item_keys
from holdfast.recipe.registry import parse
from holdfast.vision import torchvision

KEYS = item_keys(5, np.arange(1000))
NOISE = np.random.default_rng(0).integers(0, 256, size=(40, 22, 18, 3), dtype=np.uint8)
STILL = {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0}
FACTORS = st.floats(0, 3)


def changed(name: str, batch: np.ndarray, **fields: Any) -> np.ndarray:
    made = parse("augment", {name: fields}).for_channels(("red", "green", "blue"))  # type: ignore[attr-defined]
    out = made.apply(batch, np.zeros(len(batch)), KEYS[: len(batch)])[0]
    assert isinstance(out, np.ndarray)
    assert (out.dtype, out.shape) == (np.dtype(np.uint8), batch.shape)
    return out


def by_torchvision(function: str, picture: np.ndarray, *given: Any, real: bool = True) -> np.ndarray:
    """What torchvision makes of a picture, in levels; `real`: through floats, where it does not round between."""
    import torch

    torchvision()
    from torchvision.transforms.v2 import functional

    tensor = torch.from_numpy(picture).permute(2, 0, 1)
    made = getattr(functional, function)(tensor.float() / 255 if real else tensor, *given)
    return made.permute(1, 2, 0).numpy() * (255.0 if real else 1.0)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).max())


# color_jitter


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 39), FACTORS, st.floats(-0.5, 0.5))
def test_each_adjustment_agrees_with_torchvision(item: int, factor: float, turn: float) -> None:
    picture = NOISE[item]
    for ours, theirs, strength in (
        (adjust_brightness, "adjust_brightness", factor),
        (adjust_contrast, "adjust_contrast", factor),
        (adjust_saturation, "adjust_saturation", factor),
        (adjust_hue, "adjust_hue", turn),
    ):
        made = ours(picture, strength)
        assert made.dtype == np.uint8
        assert apart(made, by_torchvision(theirs, picture, strength)) <= 1, theirs


def test_jitter_of_nothing_changes_nothing() -> None:
    assert np.array_equal(changed("color_jitter", NOISE, **STILL), NOISE)


def test_known_ends_of_the_factors() -> None:
    assert not changed("color_jitter", NOISE, **{**STILL, "brightness": [0, 0]}).any()
    grey = changed("color_jitter", NOISE, **{**STILL, "saturation": [0, 0]})
    assert (grey == grey[..., :1]).all()
    flat = changed("color_jitter", NOISE, **{**STILL, "contrast": [0, 0]})
    assert (flat == flat[:, :1, :1, :1]).all()
    assert apart(flat[:, 0, 0, 0], (NOISE @ [0.2989, 0.587, 0.114]).mean(axis=(1, 2))) <= 1


def test_hue_turns_the_pure_colours_into_one_another() -> None:
    pure = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 90, 90]]], dtype=np.uint8)
    assert np.array_equal(adjust_hue(pure, 1 / 3), pure[:, [1, 2, 0, 3]])
    assert np.array_equal(adjust_hue(pure, -1 / 3), pure[:, [2, 0, 1, 3]])
    assert np.array_equal(adjust_hue(pure, 0.5)[0, :3], 255 - pure[0, :3])


def test_factors_spread_evenly_over_their_range() -> None:
    batch = np.full((1000, 2, 2, 3), 100, dtype=np.uint8)
    levels = changed("color_jitter", batch, **{**STILL, "brightness": 0.4})[:, 0, 0, 0]
    assert (levels.min(), levels.max()) == pytest.approx((60, 140), abs=1)
    assert levels.mean() == pytest.approx(100, abs=2.5)
    assert levels.std() == pytest.approx(80 / 12**0.5, abs=1.5)


def test_order_of_the_adjustments_is_drawn() -> None:
    batch = np.repeat(NOISE[:1], 60, axis=0)
    fixed = {"brightness": [2, 2], "contrast": [0.5, 0.5], "saturation": [2, 2], "hue": [0.2, 0.2]}
    made = {one.tobytes() for one in changed("color_jitter", batch, **fixed)}
    assert 12 < len(made) <= 24


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"brightness": -0.1}, "from 0"),
        ({"contrast": [1.2, 0.8]}, "least, largest"),
        ({"hue": 0.6}, "from 0 to 0.5"),
        ({"saturation": float("inf")}, "finite"),
        ({"hue": float("nan")}, "finite"),
    ],
)
def test_wrong_ranges_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse("augment", {"color_jitter": fields})


# grayscale


def test_grayscale_has_equal_channels_and_agrees_with_torchvision() -> None:
    made = changed("grayscale", NOISE, p=1)
    assert (made == made[..., :1]).all()
    for one, picture in zip(made, NOISE):
        assert apart(one, by_torchvision("rgb_to_grayscale", picture, 3, real=False)) <= 1


# gaussian_blur


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 39), st.sampled_from([3, 5, 9]), st.floats(0.1, 4))
def test_blur_agrees_with_torchvision(item: int, side: int, sigma: float) -> None:
    made = changed("gaussian_blur", NOISE[item][None], p=1, kernel_size=side, sigma=[sigma, sigma])[0]
    theirs = by_torchvision("gaussian_blur", NOISE[item], [side, side], [sigma, sigma])
    # OpenCV's weights have 8 bits, each up to half a bit off: on noise, the hardest case, that makes levels
    assert apart(made, theirs) <= 3
    assert np.abs(made - theirs).mean() < 1


def test_blur_takes_noise_away_and_keeps_what_is_even() -> None:
    even = np.full((3, 9, 7, 3), 123, dtype=np.uint8)
    assert np.array_equal(changed("gaussian_blur", even, p=1), even)
    assert changed("gaussian_blur", NOISE, p=1, sigma=[2, 2]).std() < 0.4 * NOISE.std()


def test_even_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="odd"):
        parse("augment", {"gaussian_blur": {"kernel_size": 4}})


# clahe


def test_clahe_spreads_lightness_and_keeps_grey_grey() -> None:
    rows = np.linspace(100, 130, 64).astype(np.uint8)
    dull = np.repeat(np.repeat(rows[:, None, None], 48, axis=1), 3, axis=2)[None]
    made = changed("clahe", dull, p=1, clip_limit=40, tile_grid_size=2)
    assert made.std() > 1.5 * dull.std()
    assert (np.ptp(made.astype(int), axis=3) <= 2).all()


def test_clahe_keeps_the_colour_of_lab() -> None:
    import cv2

    picture = cv2.GaussianBlur(NOISE[0], (7, 7), 2)
    made = changed("clahe", picture[None], p=1, clip_limit=2)[0]
    before, after = (cv2.cvtColor(one, cv2.COLOR_RGB2LAB).astype(int) for one in (picture, made))
    assert np.abs(after - before)[..., 0].max() > 10
    assert np.abs(after - before)[..., 1:].mean() < 2


# share


@pytest.mark.parametrize("name", ["grayscale", "gaussian_blur", "clahe"])
@pytest.mark.parametrize("p", [0, 0.2])
def test_share_of_pictures_changed_is_p(name: str, p: float) -> None:
    batch = np.repeat(NOISE[:1], 1000, axis=0)
    made = changed(name, batch, p=p, **({"sigma": [1, 2]} if name == "gaussian_blur" else {}))
    assert (made != batch).any(axis=(1, 2, 3)).mean() == pytest.approx(p, abs=0.04 if p else 0)
