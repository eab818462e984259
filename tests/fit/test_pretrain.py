"""Pretraining without labels: what it sees, what it changes, and what it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Work, fit_job
from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.member import fit_member
from holdfast.fit.pretrain import SimSiam, Views
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.folds.table import Folds
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, JOINT, tiny_data
from holdfast.train import train

RESNET = {"timm": {"name": "test_resnet"}}
CHANGES = ["horizontal_flip", "cutout", "mixup"]
TRAIN, HELD_OUT = np.arange(24), np.arange(24, 36)
FIT = {"epochs": 1, "batch_size": 8, "precision": "32", "lr": 1e-9}
PRETRAIN = {"epochs": 2, "batch_size": 12}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def recipe(pretrain: Any = PRETRAIN, **member: Any) -> dict[str, Any]:
    one = {"model": RESNET, "augment": CHANGES, "fit": {**FIT, "pretrain": pretrain}, **member}
    return {"metric": "accuracy", "folds": "stratified", "members": {"one": one}}


def spec_of(pretrain: Any = PRETRAIN, target: Any = CLASSES, **member: Any) -> MemberSpec:
    return resolve(Recipe.model_validate(recipe(pretrain, **member)), "one", tiny_data("images"), target)


def backbone_of(fitted: Any) -> dict[str, torch.Tensor]:
    """The weights that training at next to no rate leaves as pretraining made them."""
    return {name: value.detach().clone() for name, value in fitted.net.named_parameters() if "fc" not in name}


def apart(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> float:
    return max(float((value - two[name]).abs().max()) for name, value in one.items())


def test_the_loss_falls_and_each_epoch_is_told() -> None:
    events: list[dict[str, Any]] = []
    spec = spec_of({"epochs": 6, "batch_size": 12, "lr": 0.1})
    fit_member(spec, tiny_data("images"), CLASSES, 5, 1, report=events.append)
    told = [event for event in events if event["event"] == "pretrain"]
    assert [event["epoch"] for event in told] == list(range(6))
    assert {event["epochs"] for event in told} == {6}
    assert told[-1]["train_loss"] < told[0]["train_loss"] - 0.1
    assert [event["event"] for event in events].index("epoch") == 6


def test_only_the_backbone_is_pretrained_and_it_is() -> None:
    data = tiny_data("images").take(TRAIN)
    plain: Any = fit_member(spec_of(None), data, CLASSES, 5, 1)
    made: Any = fit_member(spec_of(), data, CLASSES, 5, 1)
    assert apart(backbone_of(plain), backbone_of(made)) > 1e-3
    torch.testing.assert_close(plain.net.backbone.fc.weight, made.net.backbone.fc.weight)
    assert made.facts["pretrain"] == {"pictures": 24, "transductive": False}
    assert plain.facts == {}


def test_equal_seeds_equal_weights() -> None:
    data = tiny_data("images").take(TRAIN)
    one, two, other = (backbone_of(fit_member(spec_of(), data, CLASSES, seed, 1)) for seed in (5, 5, 6))
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    assert apart(one, other) > 0


def work_of(spec: MemberSpec, train: Dataset, test: Dataset) -> Work:
    folds = Folds((np.arange(36) >= 24).astype(int)[None], ((np.array([], dtype=int),) * 2,), {})
    return Work({"one": spec}, train, test, CLASSES, folds, 0, 1, "mark")


@pytest.mark.parametrize("transductive", [False, True])
def test_held_out_and_test_pictures_count_only_where_the_recipe_says_so(transductive: bool) -> None:
    spec = spec_of({**PRETRAIN, "transductive": transductive})
    train, test = tiny_data("images"), tiny_data("images", seed=3).take(np.arange(8))

    def fitted(train: Dataset, test: Dataset) -> Any:
        return fit_job(work_of(spec, train, test), Job("one", 0, 1), lambda event: None)

    dark = train.source.copy()
    dark[HELD_OUT] //= 3
    changed = [replace(train, source=dark), train], [test, replace(test, source=test.source // 3)]
    whole = fitted(train, test)
    for other in (fitted(a, b) for a, b in zip(*changed)):
        assert (apart(backbone_of(whole), backbone_of(other)) > 0) == transductive
    assert whole.facts["pretrain"]["pictures"] == (36 + 8 if transductive else 24)


def test_labels_of_the_held_out_part_never_count() -> None:
    spec = spec_of({**PRETRAIN, "transductive": True})
    train, test = tiny_data("images"), tiny_data("images", seed=3)
    assert train.target is not None
    target = train.target.copy()
    target[HELD_OUT] = (target[HELD_OUT] + 1) % 3
    one, two = (
        fit_job(work_of(spec, each, test), Job("one", 0, 1), lambda event: None)
        for each in (train, replace(train, target=target))
    )
    assert apart(backbone_of(one), backbone_of(two)) == 0


def test_views_are_two_of_the_same_picture_and_new_in_each_epoch() -> None:
    sets = [tiny_data("images").take(TRAIN), tiny_data("images", seed=3).take(np.arange(8))]
    spec = spec_of(augment=["cutout"])
    pipeline = Pipeline(spec.prepare, "images", sets[0].names).fit(sets[0])
    views = Views(sets, pipeline, spec.augment, 10, 0)
    assert len(views) == 32
    pairs = list(views.batches(0))
    assert [len(one) for one, _ in pairs] == [10, 10, 10, 2]
    assert views.steps() == 4
    whole = [np.concatenate([pair[i].numpy() for pair in pairs]) for i in (0, 1)]
    assert not np.array_equal(*whole)
    # where neither view is cut out, they are the same picture
    clean = np.concatenate([pipeline.transform(one.read()) for one in sets])
    for one, two in zip(*whole):
        near = [np.mean(np.isclose(one, picture) & np.isclose(two, picture)) for picture in clean]
        assert np.sort(near)[-1] > 0.4 > np.sort(near)[-2]
    again = np.concatenate([one.numpy() for one, _ in views.batches(0)])
    assert np.array_equal(again, whole[0])
    other = np.concatenate([one.numpy() for one, _ in views.batches(1)])
    assert not np.array_equal(other, whole[0])


def test_no_gradient_goes_through_what_is_predicted() -> None:
    """With a predictor that ignores its input, nothing could be learned but through the other view."""
    torch.manual_seed(0)
    net = spec_of().model.build((20, 16, 3), 3)  # type: ignore[attr-defined]
    model = SimSiam(net.backbone, net.backbone.num_features)
    for parameter in model.predictor.parameters():
        torch.nn.init.constant_(parameter, 0.5)
    last = model.predictor[-1]
    assert isinstance(last, torch.nn.Linear)
    torch.nn.init.zeros_(last.weight)
    loss = model(torch.rand(4, 20, 16, 3), torch.rand(4, 20, 16, 3))
    loss.backward()
    slopes = [p.grad for p in model.backbone.parameters() if p.grad is not None]
    assert all(float(slope.abs().max()) == 0 for slope in slopes)
    assert last.weight.grad is not None
    assert float(last.weight.grad.abs().max()) > 0


def test_networks_of_attributes_share_what_one_learned() -> None:
    data = tiny_data("images").take(TRAIN)
    made: Any = fit_member(spec_of(target=JOINT, head="separate"), data, JOINT, 5, 1)
    one, two = made.net.nets
    torch.testing.assert_close(one.backbone.conv1[0].weight, two.backbone.conv1[0].weight)
    assert not torch.equal(one.backbone.fc.weight, two.backbone.fc.weight)


class Cut(Exception):
    """A power cut."""


@pytest.mark.parametrize("moment", ["pretrain", "epoch"])
def test_a_cut_changes_nothing(moment: str, tmp_path: Path) -> None:
    spec = spec_of(fit={**FIT, "lr": 1e-2, "epochs": 3, "pretrain": PRETRAIN})
    data = tiny_data("images").take(TRAIN)
    whole = fit_member(spec, data, CLASSES, 5, 1)

    def cut(event: dict[str, Any]) -> None:
        if event["event"] == moment and event["epoch"] == 1:
            raise Cut

    with pytest.raises(Cut):
        fit_member(spec, data, CLASSES, 5, 1, cut, tmp_path, "mark")
    events: list[dict[str, Any]] = []
    resumed = fit_member(spec, data, CLASSES, 5, 1, events.append, tmp_path, "mark")
    assert np.array_equal(resumed.predict(data), whole.predict(data))
    assert resumed.facts == whole.facts
    repeated = sum(event["event"] == "pretrain" for event in events)
    assert repeated == (2 if moment == "pretrain" else 0)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"augment": []}, "none of it changes single"),
        ({"augment": ["mixup"]}, "none of it changes single"),
    ],
)
def test_what_it_needs(member: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        spec_of(**member)


def test_networks_without_backbone_are_refused() -> None:
    values = recipe(model="conv_residual", augment=["roll"])
    with pytest.raises(
        BadInput, match=r"members\.one\.fit\.pretrain: conv_residual has no backbone to pretrain"
    ):
        resolve(Recipe.model_validate(values), "one", tiny_data(), CLASSES)


def test_a_run_shows_that_it_saw_the_test_pictures(tmp_path: Path) -> None:
    members = {
        "one": {
            "model": RESNET,
            "augment": CHANGES,
            "fit": {**FIT, "pretrain": {"epochs": 1, "transductive": True}},
        }
    }
    folder = tiny.image_folder(tmp_path / "data")
    run = train(tiny.recipe(tiny.IMAGES, folder, members), tmp_path / "run")
    assert any("pretraining saw the test pictures" in note for note in run.scores["notes"])
    assert run.scores["facts"]["one"]["fold-0"]["pretrain"] == {"pictures": 44, "transductive": True}
    events = [json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines()]
    assert sum(event["event"] == "pretrain" for event in events) == 3
