"""Settings of training that act on steps, layers and weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.backbone import backbones, layer_groups, set_frozen
from holdfast.fit.loop import make_optimizer
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.models.base import Network
from holdfast.recipe.schema import Fit, Recipe
from holdfast.testing.samples import CLASSES, tiny_data

TIMM = {"timm": {"name": "test_resnet"}}
CONV = {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}}


class Linear(Network):
    """One linear layer, so that gradients of batches add up exactly; for these tests."""

    def build(self, shape: tuple[int, ...], outputs: int) -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(int(np.prod(shape)), outputs))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def member(model: Any = CONV, kind: str = "windows", **fit: Any) -> MemberSpec:
    values = {
        "metric": "accuracy",
        "folds": "stratified",
        "members": {"one": {"model": model, "fit": {"epochs": 2, "batch_size": 8, "precision": "32", **fit}}},
    }
    return resolve(Recipe.model_validate(values), "one", tiny_data(kind), CLASSES)


def linear(**fit: Any) -> MemberSpec:
    return replace(member(**fit), model=Linear())


def trained(spec: MemberSpec, kind: str = "windows", **over: Any) -> dict[str, torch.Tensor]:
    made: Any = fit_member(spec, tiny_data(kind), CLASSES, 5, 1, **over)
    return {name: value.clone() for name, value in made.net.state_dict().items()}


def test_two_small_batches_make_the_step_of_a_large_one() -> None:
    one = trained(linear(batch_size=12, optimizer="sgd", schedule="constant"))
    two = trained(linear(batch_size=6, accumulate=2, optimizer="sgd", schedule="constant"))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value)


def test_accumulating_makes_fewer_steps_of_the_schedule() -> None:
    """At the end of training a cosine stands at zero, however many batches make a step."""
    for accumulate in (1, 3):
        events: list[dict[str, Any]] = []
        spec = linear(accumulate=accumulate, schedule="cosine")
        fit_member(spec, tiny_data(), CLASSES, 5, 1, report=events.append)
        assert events[-1]["lr"] == pytest.approx(0, abs=1e-8)


def test_ema_is_the_average_of_the_steps() -> None:
    decay = 0.8
    settings = {"batch_size": 36, "optimizer": "sgd", "schedule": "constant", "epochs": 3, "clip": None}
    after = [trained(linear(**{**settings, "epochs": n})) for n in (1, 2, 3)]
    held = trained(linear(**settings, ema=decay))
    for name in held:
        expected = after[0][name]
        for step in after[1:]:
            expected = decay * expected + (1 - decay) * step[name]
        torch.testing.assert_close(held[name], expected)


class Cut(Exception):
    """A power cut."""


@pytest.mark.parametrize("fit", [{"ema": 0.9, "accumulate": 2}, {"accumulate": 3, "schedule": "one_cycle"}])
def test_options_survive_a_cut(tmp_path: Path, fit: dict[str, Any]) -> None:
    spec = member(epochs=4, **fit)
    whole = trained(spec)

    def cut(event: dict[str, Any]) -> None:
        if event.get("epoch") == 2:
            raise Cut

    with pytest.raises(Cut):
        trained(spec, folder=tmp_path, mark="a", report=cut)
    resumed = trained(spec, folder=tmp_path, mark="a")
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())


def test_a_frozen_backbone_keeps_its_weights_and_its_head_learns() -> None:
    spec = member(TIMM, "images", freeze="all")
    net = spec.model.build((20, 16, 3), 3)  # type: ignore[attr-defined]
    torch.manual_seed(0)
    made: Any = fit_member(spec, tiny_data("images"), CLASSES, 5, 1)
    again: Any = fit_member(
        member(TIMM, "images", freeze="all", epochs=1), tiny_data("images"), CLASSES, 5, 1
    )
    last = {name for name, _ in backbones(net)[0].get_classifier().named_parameters()}
    moved = {
        name
        for (name, a), (_, b) in zip(made.net.named_parameters(), again.net.named_parameters())
        if not torch.equal(a, b)
    }
    assert moved
    assert all(name.rsplit(".", 1)[1] in last for name in moved)
    assert len(moved) <= len(last)


def test_a_thawed_backbone_learns() -> None:
    net = member(TIMM, "images").model.build((20, 16, 3), 3)  # type: ignore[attr-defined]
    set_frozen(net, True)
    assert sum(parameter.requires_grad for parameter in net.parameters()) == 2
    set_frozen(net, False)
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_layers_learn_the_slower_the_deeper_they_lie() -> None:
    net = member(TIMM, "images").model.build((20, 16, 3), 3)  # type: ignore[attr-defined]
    settings = Fit(lr=1.0, layer_decay=0.5, weight_decay=0.1)
    groups = layer_groups(net, settings)
    rates = sorted({group["lr"] for group in groups})
    assert rates[-1] == 1.0
    assert rates == pytest.approx([0.5**i for i in reversed(range(len(rates)))])
    held = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(held) == sorted(id(parameter) for parameter in net.parameters())
    optimizer = make_optimizer(settings, net)
    assert max(group["lr"] for group in optimizer.param_groups) == 1.0


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_layer_rates_keep_their_ratio_through_a_schedule(schedule: str) -> None:
    spec = member(TIMM, "images", layer_decay=0.5, schedule=schedule)
    assert fit_member(spec, tiny_data("images"), CLASSES, 5, 1).predict(tiny_data("images")).shape == (36, 3)


def test_pictures_grow_over_training(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    spec = member(TIMM, "images", epochs=4, progressive=[0.5, 1])
    build = type(spec.model).build

    def watched(self: Any, shape: tuple[int, ...], outputs: int) -> torch.nn.Module:
        net: torch.nn.Module = build(self, shape, outputs)
        net.register_forward_pre_hook(
            lambda module, inputs: seen.append(tuple(inputs[0].shape[1:])) if module.training else None
        )
        return net

    monkeypatch.setattr(type(spec.model), "build", watched)
    fit_member(spec, tiny_data("images"), CLASSES, 5, 1)
    half = len(seen) // 2
    assert set(seen[:half]) == {(10, 8, 3)}
    assert set(seen[half:]) == {(20, 16, 3)}


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        ({"progressive": [0.5, 1]}, "progressive: makes pictures smaller, the data are windows"),
        ({"freeze": 2}, "freeze: conv_residual has no backbone"),
        ({"layer_decay": 0.7}, "layer_decay: conv_residual has no backbone"),
    ],
)
def test_settings_that_reach_nothing_are_refused(fit: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        member(**fit)


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        ({"progressive": [1, 0.5]}, "last share must be 1"),
        ({"ema": 0.9, "best": True}, "leave patience and best out"),
    ],
)
def test_settings_that_contradict_are_refused(fit: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Fit(**fit)
