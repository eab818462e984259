"""timm's models by name, with weights from a file, without a network."""

from __future__ import annotations

import pickle
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from holdfast.errors import BadInput
from holdfast.fit.member import fit_member
from holdfast.fit.network import FittedNetwork
from holdfast.fit.resolved import resolve
from holdfast.models.timm_backbone import Timm
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, tiny_data
from holdfast.vision import timm

SHAPE = (20, 16, 3)
WHERE = "members.one.model.timm"


def spec(name: str = "test_resnet", **fields: Any) -> Timm:
    made = parse("model", {"timm": {"name": name, **fields}})
    assert isinstance(made, Timm)
    return made


def saved(
    folder: Path, name: str = "test_resnet", classes: int = 5, file: str = "mine.pth", **more: Any
) -> Path:
    """A checkpoint as a user of timm has one."""
    torch.manual_seed(7)
    state = timm().create_model(name, num_classes=classes, **more).state_dict()
    (save_file if file.endswith("safetensors") else torch.save)(state, folder / file)
    return folder / file


def checked(model: Timm) -> None:
    model.check(CLASSES, tiny_data("images"), WHERE)


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty cache, and a hub at a port of this machine where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, not listening: refused at once
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{held.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield


def test_outputs_of_a_batch_and_of_each_picture_by_itself() -> None:
    net = spec().build(SHAPE, 4).eval()
    x = torch.rand(3, *SHAPE)
    with torch.inference_mode():
        whole, one = net(x), net(x[1:2])
    assert whole.shape == (3, 4)
    torch.testing.assert_close(whole[1:2], one, rtol=1e-4, atol=1e-5)


def test_pictures_reach_the_backbone_as_channels_last_memory() -> None:
    net = spec().build(SHAPE, 4)
    seen = []
    net.backbone.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    net(torch.rand(2, *SHAPE))
    (x,) = seen
    assert x.shape == (2, 3, 20, 16)
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert net.backbone.get_classifier().out_features == 4


def test_model_of_a_fixed_size_is_made_for_the_pictures() -> None:
    net = spec("test_vit").build((32, 48, 3), 2)
    assert net(torch.rand(2, 32, 48, 3)).shape == (2, 2)


def test_pictures_that_a_model_cannot_take_are_refused() -> None:
    for name in ("test_vit", "test_convnext", "swin_tiny_patch4_window7_224.ms_in1k"):
        model = spec(name)
        with pytest.raises(BadInput, match=rf"{name} does not take pictures of 5 × 3 pixels .*resize"):
            model.start(model.build((5, 3, 3), 2))


def test_channels_must_be_those_of_the_pictures() -> None:
    with pytest.raises(BadInput, match=r"in_chans: 3, but the prepared pictures have 1"):
        spec().build((20, 16, 1), 2)


@pytest.mark.parametrize("file", ["mine.pth", "mine.safetensors"])
def test_local_checkpoint_of_another_number_of_classes_loads(file: str, tmp_path: Path) -> None:
    path = saved(tmp_path, classes=5, file=file)
    model = spec(weights=str(path))
    checked(model)
    torch.manual_seed(1)
    net = model.build(SHAPE, 3)
    new = net.backbone.fc.weight.clone()
    model.start(net)
    torch.manual_seed(7)
    there = timm().create_model("test_resnet", num_classes=5).state_dict()
    for name, value in net.backbone.state_dict().items():
        assert torch.equal(value, new if name == "fc.weight" else there[name]) or name == "fc.bias", name
    assert net.notes == [f"the head (fc) starts new: {file} has 5 outputs, 3 are needed"]


def test_checkpoint_of_as_many_classes_brings_its_head(tmp_path: Path) -> None:
    model = spec(weights=str(saved(tmp_path, classes=3)))
    net = model.build(SHAPE, 3)
    model.start(net)
    torch.manual_seed(7)
    there = timm().create_model("test_resnet", num_classes=3)
    assert torch.equal(net.backbone.fc.weight, there.fc.weight)
    assert net.notes == []


def test_wrong_checkpoint_is_refused_before_any_work_by_its_keys(tmp_path: Path) -> None:
    path = saved(tmp_path, "test_efficientnet")
    with pytest.raises(BadInput) as caught:
        checked(spec(weights=str(path)))
    said = str(caught.value)
    assert said.startswith(f"{WHERE}.weights: {path} does not fit: ")
    keys = timm().create_model("test_resnet").state_dict().keys()
    assert f"of the network's {len(keys)} arrays are missing ({next(iter(keys))}, " in said
    assert "are unexpected (conv_stem.weight, " in said


def test_missing_checkpoint_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=rf"^{WHERE}\.weights: .*none\.pth does not exist"):
        checked(spec(weights=str(tmp_path / "none.pth")))


def test_check_draws_no_random_number(tmp_path: Path) -> None:
    model = spec(weights=str(saved(tmp_path)))
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    checked(model)
    assert torch.equal(before, torch.random.get_rng_state())


def test_positions_of_another_picture_size_are_resampled(tmp_path: Path) -> None:
    model = spec("test_vit", weights=str(saved(tmp_path, "test_vit", img_size=(64, 64))))
    checked(model)
    net = model.build((32, 48, 3), 2)
    model.start(net)
    assert net.backbone.pos_embed.shape[1] == net.backbone.num_prefix_tokens + 2 * 3
    assert net(torch.rand(1, 32, 48, 3)).isfinite().all()


def test_weights_of_three_channels_serve_one(tmp_path: Path) -> None:
    model = spec(weights=str(saved(tmp_path, classes=2)), in_chans=1)
    net = model.build((20, 16, 1), 2)
    model.start(net)
    theirs = torch.load(tmp_path / "mine.pth", weights_only=True)
    name = net.backbone.pretrained_cfg["first_conv"]
    own = net.backbone.state_dict()[f"{name}.weight"]
    torch.testing.assert_close(own, theirs[f"{name}.weight"].sum(dim=1, keepdim=True))
    assert net.notes == [f"{name} was made for 1 channels from the weights of 3"]


def test_fitted_network_is_read_again_when_its_checkpoint_is_gone(tmp_path: Path) -> None:
    path = saved(tmp_path)
    model = spec(weights=str(path))
    net = model.build(SHAPE, 3)
    model.start(net)
    path.unlink()
    again = model.build(SHAPE, 3)
    again.load_state_dict(net.state_dict())
    x = torch.rand(2, *SHAPE)
    assert torch.equal(again.eval()(x), net.eval()(x))


def test_unknown_backbone_names_near_ones() -> None:
    with pytest.raises(
        BadInput, match=rf"^{WHERE}\.name: timm has no model 'resnet81'; did you mean .*resnet18"
    ):
        checked(spec("resnet81"))
    with pytest.raises(BadInput, match=r"no weights 'mine' of test_resnet; known: r160_in1k"):
        checked(spec("test_resnet.mine"))


def test_offline_pretrained_says_how_to_supply_the_file(no_hub: None) -> None:
    began = time.perf_counter()
    with pytest.raises(BadInput) as caught:
        checked(spec(pretrained=True))
    assert time.perf_counter() - began < 30
    said = str(caught.value)
    assert said.startswith(f"{WHERE}.pretrained: ")
    assert "https://huggingface.co/timm/test_resnet.r160_in1k" in said
    assert "weights: PATH/model.safetensors" in said


def test_offline_by_setting_says_the_same(no_hub: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BadInput, match=r"weights: PATH/model\.safetensors"):
        checked(spec(pretrained=True))


def test_hub_that_never_answers_is_not_waited_for(no_hub: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, says nothing
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.perf_counter()
        with pytest.raises(BadInput, match="cannot be reached"):
            checked(spec(pretrained=True))
        assert time.perf_counter() - began < 30


def test_weights_in_the_local_cache_are_used(no_hub: None, tmp_path: Path) -> None:
    place = tmp_path / "hub" / "models--timm--test_resnet.r160_in1k"
    snapshot = place / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")
    saved(snapshot, classes=1000, file="model.safetensors")
    model = spec(pretrained=True)
    checked(model)
    net = model.build(SHAPE, 3)
    model.start(net)
    torch.manual_seed(7)
    there = timm().create_model("test_resnet", num_classes=1000)
    assert torch.equal(net.backbone.layer1[0].conv1.weight, there.layer1[0].conv1.weight)
    assert net.notes == ["the head (fc) starts new: model.safetensors has 1000 outputs, 3 are needed"]


def test_model_without_weights_of_timm(no_hub: None) -> None:
    with pytest.raises(BadInput, match=r"timm has no weights for test_mambaout"):
        checked(spec("test_mambaout", pretrained=True))


def test_stochastic_depth_skips_branches_in_training_only() -> None:
    torch.manual_seed(0)
    net = spec(drop_path_rate=0.9).build(SHAPE, 2)
    x = torch.rand(8, *SHAPE)
    net.eval()
    assert torch.equal(net(x), net(x))
    with pytest.raises(BadInput, match="drop_path_rate"):
        checked(spec("vgg11", drop_path_rate=0.1))


def test_model_kwargs_reach_timm() -> None:
    net = spec("resnet18", model_kwargs={"channels": [8, 16, 24, 32]}).build(SHAPE, 2)
    assert [net.backbone.layer1[0].conv1.out_channels, net.backbone.num_features] == [8, 32]
    with pytest.raises(BadInput, match="resnet18 does not take all of widths"):
        checked(spec("resnet18", model_kwargs={"widths": 3}))


def test_small_stem_keeps_four_times_the_map(tmp_path: Path) -> None:
    plain, small = (spec("resnet18", stem=stem).build((64, 64, 3), 2).eval() for stem in ("default", "small"))
    x = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert plain.backbone.forward_features(x).shape[2:] == (2, 2)
        assert small.backbone.forward_features(x).shape[2:] == (4, 4)
    assert plain.state_dict().keys() == small.state_dict().keys()
    with pytest.raises(BadInput, match=rf"^{WHERE}\.stem: .*leave stem out"):
        checked(spec("test_vit", stem="small"))


def test_fitted_in_a_run_and_pickled_without_its_checkpoint(tmp_path: Path) -> None:
    path = saved(tmp_path)
    data = tiny_data("images")
    recipe = Recipe.model_validate(
        {
            "metric": "accuracy",
            "folds": "stratified",
            "fit": {"epochs": 1, "batch_size": 8, "precision": "32"},
            "members": {"one": {"model": {"timm": {"name": "test_resnet", "weights": str(path)}}}},
        }
    )
    fitted = fit_member(resolve(recipe, "one", data, CLASSES), data, CLASSES, seed=0, threads=1)
    assert isinstance(fitted, FittedNetwork)
    path.unlink()
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict(data), fitted.predict(data))
