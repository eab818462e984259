"""Maps of what a prediction rests on, with known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from holdfast.errors import BadInput
from holdfast.models.timm_backbone import Timm
from holdfast.predict.explain import grad_cam, mosaic, occlusion


def corner(X: np.ndarray) -> np.ndarray:
    """A model of two classes that only looks at the upper left 4 × 4 pixels."""
    share = X[:, :4, :4].mean(axis=(1, 2, 3)) / 255
    return np.stack([share, 1 - share], axis=1).astype(np.float32)


def bright(height: int = 16, width: int = 12) -> np.ndarray:
    return np.full((height, width, 3), 255, dtype=np.uint8)


def test_occlusion_finds_the_corner_that_a_model_looks_at() -> None:
    image = bright()
    made = occlusion(corner, image, 0, patch=4, stride=4)
    assert made.shape == (16, 12)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made[:4, :4], 1 - 128 / 255, rtol=1e-5)
    assert made[4:].max() == made[:, 4:].max() == 0
    np.testing.assert_allclose(occlusion(corner, image, 1, 4, 4), -made, atol=1e-6)
    assert (image == 255).all(), "the picture is left alone"


def test_occlusion_of_several_classes_sums_them() -> None:
    assert np.abs(occlusion(corner, bright(), [0, 1], patch=4, stride=2)).max() < 1e-6


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 11), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_every_pixel_is_covered(height: int, width: int, patch: int, stride: int) -> None:
    """Of a model that sees every pixel alike, a patch takes its share: no pixel is left at 0 unless skipped."""
    whole = lambda X: X.mean(axis=(1, 2, 3))[:, None] / 255  # noqa: E731
    made = occlusion(whole, bright(height, width), 0, patch, min(stride, patch))
    assert (made > 0).all()


class Backbone(nn.Module):
    """Two feature maps, the picture's red and green; class 0 counts red, class 1 green."""

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :2] * self.one

    def forward_head(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.mean(dim=(2, 3))

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))


class HandMade(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone: Any = Backbone()


def red_and_green() -> np.ndarray:
    """Red in the upper left corner, green in the lower right."""
    x = np.zeros((6, 8, 3), dtype=np.float32)
    x[:2, :3, 0] = 2.0
    x[4:, 5:, 1] = 3.0
    return x


@pytest.mark.parametrize("frozen", [False, True])
def test_grad_cam_of_a_net_made_by_hand(frozen: bool) -> None:
    net, x = HandMade().train(), red_and_green()
    net.requires_grad_(not frozen)
    np.testing.assert_allclose(grad_cam(net, x, 0), x[:, :, 0] / 2)
    np.testing.assert_allclose(grad_cam(net, x, 1), x[:, :, 1] / 3)
    both = grad_cam(net, x, [0, 1])
    assert both[0, 0] > 0
    assert both[5, 7] == 1
    assert net.training
    assert net.backbone.one.grad is None, "nothing is left for the next training step"


def test_grad_cam_where_channels_stand_last() -> None:
    class Last(Backbone):
        output_fmt = "NHWC"

        def forward_features(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward_features(x).permute(0, 2, 3, 1)

        def forward_head(self, maps: torch.Tensor) -> torch.Tensor:
            return maps.mean(dim=(1, 2))

    net, x = HandMade(), red_and_green()
    net.backbone = Last()
    np.testing.assert_allclose(grad_cam(net, x, 0), x[:, :, 0] / 2)


def test_grad_cam_of_timm() -> None:
    x = np.random.default_rng(0).normal(size=(64, 48, 3)).astype(np.float32)
    torch.manual_seed(0)
    made = grad_cam(Timm(backbone="test_resnet").build(x.shape, 3), x, 1)
    assert made.shape == (64, 48)
    assert made.dtype == np.float32
    assert made.min() >= 0
    assert made.max() in (0, 1)
    with pytest.raises(BadInput, match="take occlusion"):
        grad_cam(Timm(backbone="test_vit").build(x.shape, 3), x, 1)


def test_mosaic_places_row_by_row() -> None:
    images = [np.full((2, 3, 3), i, dtype=np.uint8) for i in range(5)]
    made = mosaic(images, columns=2, gap=1)
    assert made.shape == (3 * 2 + 2, 2 * 3 + 1, 3)
    assert made.dtype == np.uint8
    assert (made[0:2, 4:7] == 1).all()
    assert (made[6:8, 0:3] == 4).all()
    assert (made[6:8, 4:7] == 255).all(), "the empty place is white"
    assert (made[2] == 255).all()


def test_mosaic_refuses_what_makes_none() -> None:
    with pytest.raises(ValueError, match="one or more"):
        mosaic([], 3)
    with pytest.raises(ValueError, match="one size"):
        mosaic([np.zeros((2, 2, 3), np.uint8), np.zeros((3, 2, 3), np.uint8)], 3)
