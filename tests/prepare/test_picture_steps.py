"""Sizes, crops and scales of pictures, against plain arithmetic."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from holdfast.errors import BadInput
from holdfast.prepare.normalize import normalized
from holdfast.prepare.pipeline import Pipeline
from holdfast.prepare.resize import resized
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (5, 20, 16, 3), dtype=np.uint8)


def step(name: str, **fields: Any) -> Any:
    return parse("prepare", {name: fields}).build(("red", "green", "blue"))  # type: ignore[attr-defined]


def test_resize_is_near_to_pillows() -> None:
    made = step("resize", size=[13, 9]).transform(PICTURES)
    assert made.dtype == np.uint8
    want = [np.asarray(Image.fromarray(one).resize((9, 13), Image.Resampling.BILINEAR)) for one in PICTURES]
    assert np.abs(made.astype(int) - np.stack(want)).max() <= 1, "both round"


def test_resize_keeps_flat_pictures_flat() -> None:
    flat = np.full((2, 20, 16, 3), (10, 128, 250), dtype=np.uint8)
    for size in ((7, 5), (41, 33), (20, 16)):
        assert np.array_equal(resized(flat, size), np.full((2, *size, 3), (10, 128, 250)))


def test_shrinking_averages_rather_than_picks() -> None:
    board = np.zeros((1, 32, 32, 3), dtype=np.uint8)
    board[:, ::2, ::2] = board[:, 1::2, 1::2] = 255
    inner = resized(board, (8, 8))[:, 1:-1, 1:-1]
    assert np.abs(inner.astype(int) - 127.5).max() < 3


def test_center_crop_keeps_the_middle() -> None:
    made = step("center_crop", size=[10, 9]).transform(PICTURES)
    assert np.array_equal(made, PICTURES[:, 5:15, 3:12])
    with pytest.raises(
        BadInput, match=r"center_crop.size: expected at most the pictures' 20 × 16, got 21 × 16"
    ):
        step("center_crop", size=[21, 16]).transform(PICTURES)


def test_crop_keeps_the_box() -> None:
    made = step("crop", top=2, left=3, height=18, width=5).transform(PICTURES)
    assert np.array_equal(made, PICTURES[:, 2:, 3:8])
    with pytest.raises(BadInput, match=r"a box inside the pictures' 20 × 16, got rows 2 to 21"):
        step("crop", top=2, left=3, height=19, width=5).transform(PICTURES)


def test_normalize_by_the_training_parts_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    data = replace(tiny_data("images"), source=RNG.integers(0, 256, (36, 20, 16, 3), dtype=np.uint8))
    monkeypatch.setattr("holdfast.data.dataset.CHUNK", 7)  # learned in several chunks
    pipeline = Pipeline([parse("prepare", "normalize")], "images", data.names).fit(data)  # type: ignore[list-item]
    made = pipeline.transform(data.read())
    np.testing.assert_allclose(made.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(made.std(axis=(0, 1, 2)), 1, atol=1e-5)
    wide = data.read().astype(np.float64)
    want = (wide - wide.mean(axis=(0, 1, 2))) / wide.std(axis=(0, 1, 2))
    np.testing.assert_allclose(made, want, atol=1e-5)


def test_normalize_by_given_numbers_is_torchvisions() -> None:
    import torch

    from holdfast.vision import torchvision

    torchvision()
    from torchvision.transforms.v2.functional import normalize

    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    made = step("normalize", mean=mean, std=std).transform(PICTURES)
    scaled = torch.from_numpy(PICTURES).permute(0, 3, 1, 2) / 255
    np.testing.assert_allclose(made, normalize(scaled, mean, std).permute(0, 2, 3, 1), atol=1e-5)


def test_constant_channel_becomes_zero() -> None:
    flat = np.full((2, 4, 4, 3), 77, dtype=np.uint8)
    learner = step("normalize")
    np.testing.assert_allclose(learner.partial_fit(flat).transform(flat), 0, atol=1e-6)


def test_crops_of_pictures_are_normalized_too() -> None:
    """A crop is no contiguous part of memory."""
    mean, std = np.full(3, 0.5), np.full(3, 0.25)
    part = PICTURES[:, 2:9, 3:8]
    np.testing.assert_array_equal(normalized(part, mean, std), normalized(PICTURES, mean, std)[:, 2:9, 3:8])


def test_mean_and_std_stand_together() -> None:
    with pytest.raises(ValueError, match="expected as many of each, got 3 and 0"):
        step("normalize", mean=[0.5, 0.5, 0.5])
    with pytest.raises(ValueError, match="greater than 0"):
        step("normalize", mean=[0.5], std=[0])
    with pytest.raises(BadInput, match=r"one for each channel \(red, green, blue\), got 1"):
        step("normalize", mean=[0.5], std=[0.2])


def test_sizes_come_before_scales() -> None:
    data = tiny_data("images")
    steps = [parse("prepare", one) for one in ("normalize", {"resize": {"size": [8, 8]}})]
    with pytest.raises(BadInput, match="resize must stand before normalize"):
        Pipeline(steps, "images", data.names)  # type: ignore[arg-type]
    pipeline = Pipeline(steps[::-1], "images", data.names).fit(data)  # type: ignore[arg-type]
    assert pipeline.before(data.read()).dtype == np.uint8
    assert pipeline.transform(data.read()).shape == (36, 8, 8, 3)
    with pytest.raises(BadInput, match="resize takes images, the data are windows"):
        Pipeline(steps[1:], "windows", ("x",))  # type: ignore[arg-type]
