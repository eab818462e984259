"""What the networks for windows promise beyond their contract."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from holdfast.engine.threads import limited
from holdfast.recipe.registry import parse
from holdfast.recipe.strict import Nested
from holdfast.testing.model import SMALL

NAMES = ["lstm", "gru", "conv_recurrent", "two_path", "inception_time", "transformer"]
QUICK: dict[str, dict[str, int]] = {
    "lstm": {"layers": 1},
    "gru": {"layers": 1},
    "inception_time": {"kernel": 9, "blocks": 3},
}
every_network = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    with limited(1):
        yield


def built(name: str, shape: tuple[int, int] = (16, 3), outputs: int = 5, **fields: Any) -> torch.nn.Module:
    """A small one: the fields that contract tests shrink, with other values over them."""
    torch.manual_seed(0)
    cls = type(parse("model", name))
    small = {field: value for field, value in SMALL.items() if field in cls.model_fields}
    return parse("model", {name: {**small, **fields}}).build(shape, outputs)  # type: ignore[attr-defined]


def parameters(net: torch.nn.Module) -> int:
    return sum(value.numel() for value in net.parameters())


@every_network
@pytest.mark.parametrize("shape", [(128, 6), (16, 1), (5, 2), (4, 18), (2, 3), (1, 1)])
def test_takes_any_window_and_learns_from_it(name: str, shape: tuple[int, int]) -> None:
    net = built(name, shape)
    made = net(torch.randn(3, *shape))
    assert made.shape == (3, 5)
    made.square().sum().backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in net.parameters())


@every_network
def test_default_sizes_take_short_windows(name: str) -> None:
    net = parse("model", name).build((4, 2), 3)  # type: ignore[attr-defined]
    assert net(torch.randn(2, 4, 2)).isfinite().all()


@every_network
def test_seed_decides_weights_and_outputs(name: str) -> None:
    x = torch.randn(4, 16, 3)
    one, again = built(name), built(name)
    for net in (one, again):
        torch.manual_seed(5)  # dropout
        net(x).sum().backward()
    torch.manual_seed(1)
    other = parse("model", {name: {"width": 4}}).build((16, 3), 5)  # type: ignore[attr-defined]
    assert torch.equal(one.eval()(x), again.eval()(x))
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(one.parameters(), again.parameters()))
    assert not torch.equal(one.last.weight, other.last.weight)


@every_network
def test_bf16_autocast_stays_near_float32(name: str) -> None:
    net, x = built(name).eval(), torch.randn(8, 16, 3)
    want = net(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = net(x)
        functional.cross_entropy(made.float(), torch.arange(8) % 5).backward()
    torch.testing.assert_close(made.float(), want, rtol=0.05, atol=0.05)
    assert all(value.grad.isfinite().all() for value in net.parameters())


@every_network
def test_wider_means_more_parameters(name: str) -> None:
    counts = [parameters(built(name, width=width)) for width in (4, 8, 16)]
    assert counts == sorted(set(counts))


@every_network
def test_learns_which_wave_is_faster(name: str) -> None:
    """Two classes that differ by frequency alone; their phase is random."""
    net = built(name, (20, 2), 2, width=8, **QUICK.get(name, {}))
    generator = torch.Generator().manual_seed(1)
    y = torch.arange(32) % 2
    phase = 6.28 * torch.rand(32, 1, 2, generator=generator)
    x = torch.sin(torch.arange(20.0)[None, :, None] * (0.3 + 0.9 * y[:, None, None]) + phase)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
    losses = []
    for _ in range(25):
        value = functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert sum(losses[-5:]) / 5 < 0.4 < 0.5 < losses[0]
    assert (net.eval()(x).argmax(dim=1) == y).float().mean() > 0.9


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_only_a_bidirectional_one_sees_the_end_at_the_start(name: str) -> None:
    x = torch.randn(2, 16, 3)
    changed = x.clone()
    changed[:, -1] += 3
    for both in (False, True):
        layers = built(name, bidirectional=both).eval().recurrent
        difference = (layers(x)[0] - layers(changed)[0]).abs().amax(dim=(0, 2))
        assert difference[-1] > 1e-3
        assert (difference[0] > 0) == both


def test_lstm_starts_with_open_forget_gates_and_rotations() -> None:
    layer = built("lstm", layers=1).recurrent
    assert torch.equal(layer.bias_ih_l0 + layer.bias_hh_l0, torch.tensor([0.0, 1, 0, 0]).repeat_interleave(4))
    for gate in layer.weight_hh_l0.chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(4))


def test_pooling_spares_the_lstm_most_steps() -> None:
    net = built("conv_recurrent", (128, 6), blocks=3)
    seen: list[torch.Size] = []
    net.recurrent.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape))
    net(torch.randn(2, 128, 6))
    assert seen == [(2, 16, 4)]


def test_each_path_of_two_reaches_the_answer() -> None:
    net, x = built("two_path", width=8, dense=16).eval(), torch.randn(2, 16, 3)
    whole = net(x)
    for path in (net.convolutions[2][1].weight, net.recurrent.weight_ih_l0):
        kept = path.detach().clone()
        with torch.no_grad():
            path.zero_()
            assert not torch.allclose(net(x), whole)
            path.copy_(kept)


def test_inception_sees_as_far_as_its_longest_filter() -> None:
    module = built("inception_time", (64, 1), blocks=1, kernel=21).eval().blocks[0]
    x = torch.zeros(1, 1, 1, 64)
    changed = x.clone()
    changed[..., 32] = 1
    moved = (module(x) != module(changed)).any(dim=1).flatten().nonzero().flatten()
    assert moved.min() >= 22
    assert moved.max() <= 42
    assert len(moved) > 11  # farther than the middle one, of 11 steps


@pytest.mark.parametrize(("blocks", "residuals"), [(1, 0), (3, 1), (5, 1), (6, 2)])
def test_inception_has_a_residual_behind_every_third_module(blocks: int, residuals: int) -> None:
    net = built("inception_time", blocks=blocks)
    assert len(net.shortcuts) == residuals
    seen = []
    for shortcut in net.shortcuts:
        shortcut.register_forward_hook(lambda *_: seen.append(1))
    net(torch.randn(2, 16, 3))
    assert len(seen) == residuals


def attention_of(net: torch.nn.Module) -> Any:
    """The attention of a transformer's first block, its biases no longer zero."""
    made = net.blocks[0].attention[1]
    with torch.no_grad():
        made.of_distance.normal_(std=3)
    return made


def test_bias_of_attention_depends_on_distance_only() -> None:
    attention = attention_of(built("transformer", (32, 3)))
    bias = attention.bias(8)
    assert torch.equal(bias[:, 1:, 1:], bias[:, :-1, :-1])
    assert not torch.equal(bias, bias.transpose(1, 2))  # before is not after
    assert len(bias[0].unique()) == 15
    assert torch.equal(attention.bias(5), bias[:, :5, :5])
    assert attention.bias(12).shape == (4, 12, 12)  # longer than those it was built for


def test_attention_knows_places_by_the_bias_alone() -> None:
    net = built("transformer", (32, 3)).eval()
    patches, order = torch.randn(2, 8, 4), torch.tensor([3, 1, 7, 0, 2, 6, 5, 4])
    without = net.blocks(patches)
    torch.testing.assert_close(net.blocks(patches[:, order]), without[:, order])
    attention_of(net)
    assert not torch.allclose(net.blocks(patches[:, order]), net.blocks(patches)[:, order], atol=1e-3)


def test_heads_must_divide_width() -> None:
    with pytest.raises(Nested, match=r"divisor of width 10 \(\[1, 2, 5, 10\]\), got 4"):
        parse("model", {"transformer": {"width": 10}})
