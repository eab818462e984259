"""Starting from another run: only from a network that has not seen what is held out here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.heads import Head
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import resolve
from holdfast.fit.transfer import (
    WEIGHTS,
    ancestry,
    refuse_seen,
    scored_samples,
    source_of,
    start_from,
    start_of,
)
from holdfast.folds.table import Folds
from holdfast.models.base import Network
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import Run
from holdfast.testing.samples import CLASSES, JOINT, tiny_data
from holdfast.train import train

CONV = {"model": {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}}}
FIT = {"epochs": 1, "batch_size": 8, "precision": "32"}
STILL = {**FIT, "lr": 1e-9}  # leaves the weights where they start


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def table(ids: str, folds: list[int], groups: str | None = None, repeat: int = 0) -> pd.DataFrame:
    """A letter a sample."""
    held = None if groups is None else list(groups)
    frame = pd.DataFrame({"id": list(ids), "group": held, "repeat": repeat, "fold": folds})
    return frame.assign(scored=frame["fold"])


def folds_of(fold: np.ndarray) -> Folds:
    return Folds(fold[None], ((np.array([], dtype=int),) * (int(fold.max()) + 1),), {})


def written_run(path: Path, ids: Any, groups: Any, fold: np.ndarray, init_from: str | None = None) -> Path:
    """A run folder with what is read of it: recipe, scores, the table of samples, weights of the network `net`."""
    path.mkdir(parents=True)
    fit = {"init_from": init_from, "pretrain": None}
    (path / "recipe.yaml").write_text(yaml.safe_dump({"fit": fit, "members": {"net": {"fit": None}}}))
    (path / "scores.json").write_text(json.dumps({"members": {"net": {}, "ensemble": {}}}))
    frame = pd.DataFrame({"id": ids, "group": groups, "repeat": 0, "fold": fold, "truth": "a"})
    frame.to_parquet(path / "oof.parquet")
    for k in range(int(fold.max()) + 1):
        (path / f"members/net/fold-{k}").mkdir(parents=True)
        save_file({"last.weight": torch.full((1, 1), float(k))}, path / f"members/net/fold-{k}" / WEIGHTS)
    return path


# Which runs may be taken.


def test_the_same_folds_are_accepted() -> None:
    one = table("abcd", [0, 0, 1, 1], "xxyy")
    refuse_seen(one, one, "members.a", "runs/other")


def test_another_assignment_is_refused_and_names_a_sample() -> None:
    with pytest.raises(
        BadInput, match=r"members\.a: sample b is held out in fold 0 here.*\(2 such samples\)"
    ):
        refuse_seen(table("abcd", [0, 0, 1, 1]), table("abcd", [0, 1, 1, 0]), "members.a", "runs/other")


def test_other_samples_are_accepted_but_not_of_a_held_out_group() -> None:
    here = table("abcd", [0, 0, 1, 1], "xxyy")
    refuse_seen(here, table("efgh", [1, 0, 1, 0], "uuvv"), "members.a", "runs/other")
    refuse_seen(here, table("efgh", [0, 0, 1, 0], "xxyv"), "members.a", "runs/other")
    with pytest.raises(BadInput, match="group y is held out in fold 1 here"):
        refuse_seen(here, table("efgh", [0, 0, 0, 0], "xxyv"), "members.a", "runs/other")


def test_each_repeat_is_held_against_its_own() -> None:
    both = pd.concat([table("abcd", [0, 0, 1, 1]), table("abcd", [0, 1, 0, 1], repeat=1)])
    refuse_seen(both, both, "members.a", "runs/other")
    swapped = both.assign(repeat=1 - both["repeat"])
    with pytest.raises(BadInput, match="sample b"):
        refuse_seen(both, swapped, "members.a", "runs/other")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, unique_by=lambda each: each[0]),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, unique_by=lambda each: each[0]),
)
def test_accepted_just_where_no_network_was_trained_with_what_it_must_not_see(
    here: list[tuple[int, int]], there: list[tuple[int, int]]
) -> None:
    def framed(rows: list[tuple[int, int]]) -> pd.DataFrame:
        return table("".join("abcdefghij"[i] for i, _ in rows), [fold for _, fold in rows])

    leaks = any(
        {i for i, fold in here if fold == k} & {i for i, fold in there if fold != k} for k in range(3)
    )
    if leaks:
        with pytest.raises(BadInput):
            refuse_seen(framed(here), framed(there), "a", "b")
    else:
        refuse_seen(framed(here), framed(there), "a", "b")


def test_fewer_folds_elsewhere_are_taken_in_turn_where_nothing_is_shared(tmp_path: Path) -> None:
    data = tiny_data()
    other = written_run(tmp_path / "other", [f"o{i}" for i in range(4)], list("uuvv"), np.array([0, 0, 1, 1]))
    start = start_of(ancestry(str(other), "w"), data, folds_of(np.arange(36) // 12), "w")
    assert [file.parent.name for file in start.files.values()] == ["fold-0", "fold-1", "fold-0"]


def test_the_runs_before_it_count_too(tmp_path: Path) -> None:
    """B shares nothing with these data, but it started from A, which knows them by other folds."""
    data = tiny_data()
    assert data.groups is not None
    same, other = np.arange(36) // 6 % 3, (np.arange(36) // 6 + 1) % 3
    a = written_run(tmp_path / "a", data.ids, data.groups, same)
    b = written_run(tmp_path / "b", [f"o{i}" for i in range(6)], list("uuvvww"), np.arange(6) // 2, str(a))
    line = ancestry(str(b), "w")
    assert [run.path.name for run, _ in line] == ["b", "a"]
    start_of(line, data, folds_of(same), "w")
    with pytest.raises(BadInput, match=f"of {a} that this fold would start from"):
        start_of(line, data, folds_of(other), "w")


def test_other_weights_make_another_hash(tmp_path: Path) -> None:
    data, fold = tiny_data(), np.arange(36) // 12
    other = written_run(tmp_path / "other", ["o0", "o1"], list("uv"), np.array([0, 1]))
    one = start_of(ancestry(str(other), "w"), data, folds_of(fold), "w")
    save_file({"last.weight": torch.full((1, 1), 7.0)}, other / "members/net/fold-1" / WEIGHTS)
    two = start_of(ancestry(str(other), "w"), data, folds_of(fold), "w")
    assert one.hash != two.hash
    recipe = {"metric": "accuracy", "folds": "stratified", "members": {"net": CONV}}
    spec = resolve(Recipe.model_validate(recipe), "net", data, CLASSES)
    assert replace(spec, start=one).plain() != replace(spec, start=two).plain()


def test_samples_of_all_repeats() -> None:
    folds = Folds(np.array([[0, 1], [1, 0]]), (((),) * 2,) * 2, {})  # type: ignore[arg-type]
    made = scored_samples(tiny_data().take(np.arange(2)), folds)
    assert made["id"].tolist() == ["s000", "s001", "s000", "s001"]
    assert made["repeat"].tolist() == [0, 0, 1, 1]
    assert made["fold"].tolist() == [0, 1, 1, 0]


# What is named.


def test_sources_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"w: .*nowhere is no run folder"):
        source_of(str(tmp_path / "nowhere"), "w")
    path = written_run(tmp_path / "r", ["a", "b"], None, np.array([0, 1]))
    assert source_of(str(path), "w")[1] == source_of(f"{path}:net", "w")[1] == "net"
    with pytest.raises(BadInput, match="has no network 'nett'; did you mean 'net'"):
        source_of(f"{path}:nett", "w")
    (path / "scores.json").unlink()
    with pytest.raises(BadInput, match=r"w: .*is not finished"):
        source_of(str(path), "w")


# What is loaded.


def network(model: Any, outputs: int, head: str = "joint", kind: str = "windows", seed: int = 0) -> Any:
    target = JOINT if head == "separate" else TargetSpec(kind="classes", names=tuple("abcdefgh"[:outputs]))
    made = parse("model", model)
    assert isinstance(made, Network)
    torch.manual_seed(seed)
    return Head(head, target).build(made, tiny_data(kind).shape)


def saved(net: torch.nn.Module, folder: Path) -> Path:
    file = folder / "run" / "fold-0" / WEIGHTS
    file.parent.mkdir(parents=True)
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, file)
    return file


RESNET = {"timm": {"name": "test_resnet"}}


@pytest.mark.parametrize(("model", "kind"), [(CONV["model"], "windows"), (RESNET, "images")])
def test_everything_but_a_head_of_another_size_is_taken(model: Any, kind: str, tmp_path: Path) -> None:
    there, net = network(model, 5, kind=kind, seed=1), network(model, 3, kind=kind, seed=2)
    new = {name: value.clone() for name, value in net.state_dict().items()}
    (note,) = start_from(net, saved(there, tmp_path), "w")
    assert "has 5 outputs, 3 are needed" in note
    theirs = there.state_dict()
    kept = [name for name, value in net.state_dict().items() if value.shape != theirs[name].shape]
    assert len(kept) == 2
    for name, value in net.state_dict().items():
        assert torch.equal(value, new[name] if name in kept else theirs[name])


def test_equal_heads_are_taken_too(tmp_path: Path) -> None:
    there, net = network(RESNET, 3, kind="images", seed=1), network(RESNET, 3, kind="images", seed=2)
    assert start_from(net, saved(there, tmp_path), "w") == []
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in there.state_dict().items())


def test_one_network_starts_all_attributes_and_not_the_other_way_round(tmp_path: Path) -> None:
    one = network(RESNET, 3, kind="images", seed=1)
    several = network(RESNET, 3, "separate", "images", seed=2)
    (note,) = start_from(several, saved(one, tmp_path / "one"), "w")
    assert "the head (fc) starts new" in note
    for net in several.nets:
        assert torch.equal(net.backbone.conv1[0].weight, one.backbone.conv1[0].weight)
    again = network(RESNET, 3, "separate", "images", seed=3)
    assert start_from(again, saved(several, tmp_path / "several"), "w") == []
    assert torch.equal(again.nets[1].backbone.fc.weight, several.nets[1].backbone.fc.weight)
    with pytest.raises(BadInput, match=r"w: .*holds a network for each attribute"):
        start_from(one, tmp_path / "several" / "run" / "fold-0" / WEIGHTS, "w")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    wide = {"conv_residual": {"width": 6, "kernel": 3, "dense": 4}}
    with pytest.raises(BadInput, match=r"w: .*does not fit: .*another shape"):
        start_from(network(wide, 3), saved(network(CONV["model"], 3), tmp_path), "w")


# In runs.


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("first")
    members = {"net": {**CONV, "fit": FIT}, "trees": tiny.TREES}
    return train(tiny.recipe(tiny.ARRAYS, tiny.array_folder(folder / "data"), members), folder / "run")


def started(first: Run, folder: Path, **over: Any) -> Run:
    members = {"again": {**CONV, "fit": {**STILL, "init_from": f"{first.path}"}}}
    return train(tiny.recipe(tiny.ARRAYS, first.path.parent / "data", members, **over), folder / "run")


def test_each_fold_starts_from_the_same_fold_and_the_run_says_so(first: Run, tmp_path: Path) -> None:
    run = started(first, tmp_path)
    assert f"again: starts from the networks of {first.path}" in run.scores["notes"]
    for fold in range(3):
        here = load_file(run.fold_folder("again", 0, fold) / WEIGHTS)
        there = load_file(first.fold_folder("net", 0, fold) / WEIGHTS)
        for name, value in there.items():
            if "running" not in name and "batches" not in name:
                torch.testing.assert_close(here[name], value)


def test_other_folds_are_refused_before_any_work(first: Run, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"members\.again\.fit\.init_from: sample s\d+ is held out"):
        started(first, tmp_path, folds={"kind": "stratified_group", "k": 2})
    assert not (tmp_path / "run").exists()


def test_weights_that_do_not_fit_are_refused_before_any_work(first: Run, tmp_path: Path) -> None:
    members = {
        "again": {"model": {"conv_residual": {"width": 5}}, "fit": {**FIT, "init_from": str(first.path)}}
    }
    with pytest.raises(BadInput, match=r"members\.again\.fit\.init_from: .*does not fit"):
        train(tiny.recipe(tiny.ARRAYS, first.path.parent / "data", members), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_outside_a_run_nothing_is_left_aside_in_silence() -> None:
    recipe = {
        "metric": "accuracy", "folds": "stratified",
        "members": {"net": {**CONV, "fit": {**FIT, "init_from": "runs/a"}}},
    }  # fmt: skip
    spec = resolve(Recipe.model_validate(recipe), "net", tiny_data(), CLASSES)
    with pytest.raises(BadInput, match="only `holdfast train` starts from another run"):
        fit_member(spec, tiny_data(), CLASSES, 0, 1)
