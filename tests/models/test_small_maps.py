"""Convolutions of small maps as one product of matrices: the same numbers, from the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from holdfast.models import small_maps
from holdfast.models.small_maps import with_small_maps, worth_it
from holdfast.models.timm_backbone import Timm
from holdfast.recipe.registry import parse


@pytest.fixture(autouse=True)
def _small_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_maps, "FILTER", 100)
    monkeypatch.setattr(small_maps, "worth_it", lambda: True)


def both(**said: Any) -> tuple[nn.Conv2d, nn.Conv2d]:
    """A plain convolution and one of small maps, of equal weights."""
    torch.manual_seed(0)
    plain = nn.Conv2d(8, 12, **said).double().to(memory_format=torch.channels_last)
    other = nn.Conv2d(8, 12, **said).double().to(memory_format=torch.channels_last)
    other.load_state_dict(plain.state_dict())
    with_small_maps(other)
    assert type(other) is not nn.Conv2d
    return plain, other


def pictures(h: int = 5, w: int = 4) -> torch.Tensor:
    made = torch.randn(6, h, w, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return made.permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    "said",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": 3, "padding": 1, "stride": 2, "bias": False},
        {"kernel_size": (2, 3), "padding": (0, 1), "stride": (1, 2)},
        {"kernel_size": 5, "padding": 2, "stride": 2},
        {"kernel_size": (1, 2), "stride": 3},
    ],
)
def test_outputs_and_gradients_are_those_of_the_convolution(said: dict[str, Any]) -> None:
    found = []
    for one in both(**said):
        x = pictures().requires_grad_()
        out = one(x)
        (out * torch.arange(out.numel()).reshape(out.shape).cos()).sum().backward()
        assert x.grad is not None
        found.append([out, x.grad, *(each.grad for each in one.parameters())])
    for plain, other in zip(*found, strict=True):
        assert plain.shape == other.shape
        torch.testing.assert_close(other, plain, rtol=1e-10, atol=1e-10)


def test_gradient_lies_as_the_weights_do() -> None:
    _, other = both(kernel_size=3, padding=1)
    other(pictures()).sum().backward()
    assert other.weight.grad is not None
    assert other.weight.grad.stride() == other.weight.stride() == (72, 1, 24, 8)


def test_a_convolution_again_where_nothing_is_gained(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []
    whole = functional.linear
    monkeypatch.setattr(
        functional, "linear", lambda x, *more: (asked.append(tuple(x.shape)), whole(x, *more))[1]
    )
    plain, other = both(kernel_size=3, padding=1)
    assert other(pictures()).shape == (6, 12, 5, 4)
    assert asked == [(6, 5, 4, 72)]
    assert torch.equal(other.eval()(pictures()), plain(pictures()))  # what is predicted never changes
    other.train()
    large = pictures(16, 16)  # 1,536 places
    assert torch.equal(other(large), plain(large))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(other.float()(pictures().float()), plain.float()(pictures().float()))
    assert len(asked) == 1


@pytest.mark.parametrize(
    "said", [{"groups": 2}, {"dilation": 2}, {"padding": "same"}, {"padding": 1, "padding_mode": "reflect"}]
)
def test_other_kinds_of_convolution_stay(said: dict[str, Any]) -> None:
    one = nn.Conv2d(8, 12, 3, **said)
    with_small_maps(one)
    assert type(one) is nn.Conv2d


def test_large_filters_of_a_backbone_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_maps, "FILTER", 2**20)
    made = parse("model", {"timm": {"name": "resnet18"}})
    assert isinstance(made, Timm)
    net = made.build((80, 64, 3), 4)
    changed = {name for name, one in net.named_modules() if type(one).__name__ == "SmallMaps"}
    assert changed == {f"backbone.layer4.{layer}" for layer in ("0.conv1", "0.conv2", "1.conv1", "1.conv2")}


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "arm_bf16"])
def test_a_processor_that_multiplies_bf16_keeps_its_convolutions(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_maps, "worth_it", worth_it)
    for able in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: {name: able}, raising=False)
        made = with_small_maps(nn.Sequential(nn.Conv2d(16, 16, 3)))
        assert (type(made[0]) is nn.Conv2d) == able
