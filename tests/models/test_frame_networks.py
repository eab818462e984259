"""What the networks for frames promise beyond their contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.nn import functional

from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.models.attention_layers import attention_gate, cbam
from holdfast.models.conv_lstm_layers import conv_lstm
from holdfast.recipe.registry import parse
from holdfast.testing.samples import GRID, tiny_data

ENTRIES: list[dict[str, Any]] = [
    {"unet": {"width": 4, "depth": 3}},
    {"unet": {"width": 4, "attention": "gates", "grouped_by_time": True}},
    {"unet": {"width": 4, "attention": "cbam"}},
    {"flow_unet": {"width": 4}},
    {"conv_lstm": {"width": 4}},
    {"unet_conv_lstm": {"width": 4, "lstm_width": 4}},
]
every_network = pytest.mark.parametrize(
    "entry", ENTRIES, ids=lambda e: "-".join([*e, *map(str, next(iter(e.values())).values())])
)


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    with limited(1):
        yield


def built(entry: Any, side: tuple[int, int] = (20, 20), leads: int = 1, seed: int = 0) -> tuple[Any, Any]:
    """A network for four frames, and simulated inputs of two samples."""
    torch.manual_seed(seed)
    spec: Any = parse("model", entry)
    channels = 4 + (leads + 2 if spec.uses_flow else 0)
    return spec.build((channels, *side), leads), torch.randn(2, channels, *side)


def moved(net: Any, seed: int = 1) -> Any:
    """The network with its last layer, which may start at zero, somewhere else."""
    torch.manual_seed(seed)
    torch.nn.init.normal_(net.last.weight)
    return net


@every_network
@pytest.mark.parametrize(("side", "leads"), [((20, 20), 1), ((15, 23), 3), ((3, 2), 2), ((1, 9), 1)])
def test_takes_frames_of_any_size_and_learns_from_them(entry: Any, side: tuple[int, int], leads: int) -> None:
    net, x = built(entry, side, leads)
    made = moved(net)(x)
    assert made.shape == (2, leads, *side)
    made.square().sum().backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in net.parameters())


@every_network
def test_output_has_no_floor_and_no_ceiling(entry: Any) -> None:
    """A dead output, that of a ReLU, is the known trap: here a bias moves all pixels, down as well as up."""
    net, x = built(entry)
    net.eval()
    before = net(x)
    for shift in (-100.0, 100.0):
        with torch.no_grad():
            net.last.bias += shift
        torch.testing.assert_close(net(x), before + shift, atol=1e-3, rtol=1e-3)
        with torch.no_grad():
            net.last.bias -= shift


@every_network
def test_each_lead_time_and_each_frame_counts(entry: Any) -> None:
    net, x = built(entry, leads=2)
    net = moved(net).eval()
    made = net(x)
    assert not torch.allclose(made[:, 0], made[:, 1])
    for channel in range(x.shape[1]):
        other = x.clone()
        other[:, channel] += 1
        assert not torch.allclose(net(other), made, atol=1e-6), channel


@every_network
def test_bf16_autocast_stays_near_float32(entry: Any) -> None:
    net, x = built(entry)
    net = moved(net).eval()
    want = net(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = net(x)
    assert (made.float() - want).abs().mean() < 0.05 * want.std()


@every_network
def test_seed_decides_weights(entry: Any) -> None:
    one, again, other = (dict(built(entry, seed=seed)[0].named_parameters()) for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_grouped_by_time_keeps_the_first_look_at_each_step_apart() -> None:
    """Width 6 is no multiple of 4 steps: the first convolution takes the next one, 8."""
    net, x = built({"unet": {"width": 6, "depth": 1, "grouped_by_time": True}})
    first = net.path.down[0][0]
    assert first.weight.shape == (8, 1, 3, 3)
    other = x.clone()
    other[:, 2] += 1
    changed = (first(other) != first(x)).flatten(2).any(dim=2).any(dim=0)
    assert changed.tolist() == [False] * 4 + [True] * 2 + [False] * 2


def test_widths_are_fields() -> None:
    net, _ = built({"unet_conv_lstm": {"width": 8, "lstm_width": 3, "depth": 3}})
    assert net.last.weight.shape == (1, 11, 3, 3)
    assert [block.convolutions[0].out_channels for block in net.path.down[:2]] == [8, 16]
    deep = [
        [layer.weight.shape[:2] for layer in block if hasattr(layer, "kernel_size")]
        for block in net.path.down[2:]
    ]
    assert deep == [[(8, 16), (8, 8), (32, 8)], [(16, 32), (16, 16), (64, 16)]]
    assert net.path.dropout.p == 0.25


def test_flow_unet_starts_at_the_flow_forecast_exactly() -> None:
    for leads in (1, 3):
        net, x = built({"flow_unet": {"width": 4}}, leads=leads)
        assert torch.equal(net(x), x[:, 4 : 4 + leads])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(net(x), x[:, 4 : 4 + leads])


def test_flow_unet_refuses_data_without_flow() -> None:
    spec: Any = parse("model", "flow_unet")
    data = tiny_data("frames")
    spec.check(GRID, data.with_flow(), "members.one.model.flow_unet")
    with pytest.raises(BadInput, match=r"members.one.model.flow_unet: .* take unet"):
        spec.check(GRID, replace(data, flow=None), "members.one.model.flow_unet")


def test_attention_gate_only_takes_away_and_depends_on_what_is_below() -> None:
    torch.manual_seed(0)
    gate, skip = attention_gate(8, 4), torch.rand(2, 4, 9, 6)
    below = torch.randn(2, 8, 5, 3)
    made = gate(below, skip)
    assert (made > 0).all()
    assert (made < skip).all()
    assert not torch.allclose(gate(-below, skip), made)
    share = made / skip
    torch.testing.assert_close(share, share[:, :1].expand_as(share))  # one for each place


def test_cbam_weighs_channels_then_places() -> None:
    torch.manual_seed(0)
    block, x = cbam(32), torch.rand(2, 32, 7, 5) + 0.1
    share = (block(x) / x).detach()
    assert ((share > 0) & (share < 1)).all()
    logs = share.log().flatten(2)  # a product of a channel's and a place's
    of_channel, of_place = logs.mean(dim=2, keepdim=True), logs.mean(dim=1, keepdim=True)
    torch.testing.assert_close(logs, of_channel + of_place - logs.mean(dim=(1, 2), keepdim=True))
    assert of_channel.std() > 0
    assert of_place.std() > 0


def test_conv_lstm_is_torchs_lstm_where_a_frame_is_one_pixel() -> None:
    torch.manual_seed(0)
    ours, theirs = conv_lstm(3, 5), torch.nn.LSTM(3, 5)
    with torch.no_grad():  # torch's gates stand as in, forget, new, out
        order = torch.cat([torch.arange(0, 10), torch.arange(15, 20), torch.arange(10, 15)])
        ours.of_input.weight[order] = 0
        ours.of_input.weight[..., 1, 1] = theirs.weight_ih_l0[order]
        ours.of_state.weight[..., 1, 1] = theirs.weight_hh_l0[order]
        ours.of_input.bias.copy_((theirs.bias_ih_l0 + theirs.bias_hh_l0)[order])
    x = torch.randn(6, 2, 3)
    want, (_, kept) = theirs(x)
    shown, state = ours([step[:, :, None, None] for step in x])
    torch.testing.assert_close(torch.stack(shown)[..., 0, 0], want)
    torch.testing.assert_close(state[1][..., 0, 0], kept[0])


def test_conv_lstm_runs_on_from_its_state_without_input() -> None:
    torch.manual_seed(0)
    layer = conv_lstm(0, 4)
    state = (torch.randn(2, 4, 6, 6), torch.randn(2, 4, 6, 6))
    shown, after = layer([None] * 3, state)
    assert len(shown) == 3
    again, _ = layer([None] * 2, layer([None], state)[1])
    torch.testing.assert_close(shown[1:], again)
    assert torch.equal(after[0], shown[-1])


@pytest.mark.parametrize(
    "entry",
    [
        {"unet": {"width": 8, "depth": 2}},
        {"conv_lstm": {"width": 8}},
        {"unet_conv_lstm": {"width": 4, "depth": 2}},
    ],
    ids=lambda entry: next(iter(entry)),
)
def test_learns_which_way_a_shower_moves(entry: Any) -> None:
    """Simulated spots one pixel a step to the left or right: the last frame alone does not tell."""
    net, _ = built(entry, (12, 12))
    way = torch.arange(8) % 2 * 2 - 1
    centre = 5.5 + way[:, None] * (torch.arange(5) - 3)
    spot = torch.exp(-((torch.arange(12.0) - centre[..., None]) ** 2) / 4)
    frames = spot[:, :, None, :].expand(8, 5, 12, 12)
    x, y = frames[:, :4], frames[:, 4:]
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    for _ in range(50):
        value = functional.mse_loss(net(x), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    assert value < 0.7 * functional.mse_loss(x[:, 3:], y)  # better than standing still
