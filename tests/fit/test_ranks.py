"""Several devices, one network: the same samples, loss and weights; and no rank that is waited for in vain."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
import yaml

from holdfast.data.dataset import Dataset
from holdfast.engine import side_by_side
from holdfast.engine.job import Job
from holdfast.engine.threads import limited
from holdfast.errors import BadInput, JobFailed
from holdfast.fit.feed import Feed
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.fit.shares import devices_note, shares
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Fit, Recipe
from holdfast.store.run import Run
from holdfast.testing.samples import CLASSES, tiny_data
from holdfast.train import prepare, train

GRU = {"gru": {"width": 4, "dropout": 0.0}}
SGD = {"epochs": 3, "batch_size": 7, "precision": "32", "optimizer": "sgd", "lr": 0.1}


def member(devices: int | None, model: Any = GRU, **parts: Any) -> MemberSpec:
    fit = {**SGD, **parts.pop("fit", {}), "devices": devices}
    values = {
        "metric": "accuracy",
        "folds": "stratified",
        "members": {"one": {"model": model, **parts, "fit": fit}},
    }
    return resolve(Recipe.model_validate(values), "one", tiny_data(), CLASSES)


def fitted(spec: MemberSpec, data: Dataset, **over: Any) -> Any:
    with limited(1):
        return fit_member(spec, data, CLASSES, 5, 1, **over)


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_shares_are_even_and_never_one_sample(ranks: int) -> None:
    for n in range(2, 40):
        each = shares(n, ranks)
        counted = [share for share in each if share]
        assert len(each) == ranks
        assert sum(each) == n
        assert min(counted) >= 2
        assert max(counted) - min(counted) <= 1
        assert len(counted) == min(ranks, n // 2)


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("augment", [("roll", "jitter"), ("roll", {"mixup": {"alpha": 2.0}})])
def test_ranks_see_together_what_one_device_sees(augment: tuple[Any, ...], ranks: int) -> None:
    data = tiny_data()
    pipeline = Pipeline((), "windows", data.names).fit(data)
    augments = [parse("augment", one) for one in augment]
    balances = [parse("balance", one) for one in ("balanced_sampler", "class_weights")]
    feed = Feed(data, data.target, pipeline, augments, balances, CLASSES, 11, 0)  # type: ignore[arg-type]
    for epoch in (0, 2):
        each = zip(*(feed.batches(epoch, rank, ranks) for rank in range(ranks)), strict=True)
        for whole, parts in zip(feed.batches(epoch), each, strict=True):
            counts = shares(whole.n, ranks)
            assert {part.n for part in parts} == {whole.n}
            for name in ("inputs", "targets", "weights"):
                held = [getattr(part, name)[:count] for part, count in zip(parts, counts, strict=True)]
                assert torch.equal(torch.cat(held), getattr(whole, name)), name


def test_two_processes_train_the_network_of_one(tmp_path: Path) -> None:
    """A loss that is no mean over samples, weights, drawn samples, and a last batch too small for two."""
    parts: dict[str, Any] = {
        "loss": {"sum": [{"soft_f1": 1}, {"cross_entropy": 1}]},
        "augment": ["roll", "mixup"],
        "balance": ["balanced_sampler", "class_weights"],
        "fit": {"best": True, "accumulate": 2},
    }
    data, seen = tiny_data(each=7), list[dict[str, Any]]()
    made = {}
    for devices in (1, 2):
        folder = tmp_path / str(devices)
        folder.mkdir()
        made[devices] = fitted(member(devices, **parts), data, folder=folder, report=seen.append)
    one, two = (made[devices].net.state_dict() for devices in (1, 2))
    for name in one:
        assert (one[name] - two[name]).abs().max() < 1e-5, name
    assert np.abs(made[1].predict(data) - made[2].predict(data)).max() < 1e-5
    first, second = (np.loadtxt(tmp_path / place / "curve.csv", delimiter=",", skiprows=1) for place in "12")
    assert np.allclose(first[:, :4], second[:, :4], atol=1e-5)  # epoch, both losses, rate
    assert [event["epoch"] for event in seen] == [0, 1, 2, 0, 1, 2]  # rank 0 alone tells
    assert made[2].facts["devices"] == {"number": 2, "kind": "cpu", "own_batch_norm": False}
    assert "devices" not in made[1].facts


def ranks() -> list[Any]:
    """The processes of ranks that this one has started, by their rank."""
    return sorted(multiprocessing.active_children(), key=lambda process: process.pid or 0)


def test_rank_that_is_killed_ends_the_job_and_is_named() -> None:
    """The others would wait for its gradients for ever."""

    def kill(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] == 1:
            ranks()[1].kill()

    with pytest.raises(JobFailed, match="one: rank 1 of 2 was killed, most likely for too little memory"):
        fitted(member(2, fit={"epochs": 10_000}), tiny_data(), report=kill)
    assert not ranks()


@pytest.mark.slow
def test_what_a_rank_raises_comes_back(tmp_path: Path) -> None:
    """Its own words where it was expected, else the rank's name and where it happened."""
    data = tiny_data()
    source = data.source.copy()
    source[3] = np.nan
    with pytest.raises(JobFailed, match=r"^the loss became NaN in epoch 0"):
        fitted(member(2, prepare=["standardize"]), replace(data, source=source))
    (tmp_path / "file").touch()
    with pytest.raises(JobFailed, match=r"(?s)one: rank 0 of 2 failed.*FileExistsError"):
        fitted(member(2), tiny_data(), folder=tmp_path / "file")
    with pytest.raises(ZeroDivisionError):
        fitted(member(2, fit={"epochs": 10_000}), tiny_data(), report=lambda event: 1 / 0)
    assert not ranks()


@pytest.mark.slow
def test_network_goes_on_at_its_checkpoint(tmp_path: Path) -> None:
    class Cut(Exception):
        """What a power cut looks like from inside."""

    def cut(event: dict[str, Any]) -> None:
        if event["epoch"] == 2:
            raise Cut

    spec, seen = member(2, fit={"epochs": 40, "patience": 30, "ema": None}), list[int]()
    unbroken = fitted(spec, tiny_data())
    with pytest.raises(Cut):
        fitted(spec, tiny_data(), folder=tmp_path, mark="a", report=cut)
    resumed = fitted(
        spec, tiny_data(), folder=tmp_path, mark="a", report=lambda event: seen.append(event["epoch"])
    )
    assert seen[0] > 1
    assert seen == list(range(seen[0], seen[-1] + 1))
    one, other = unbroken.net.state_dict(), resumed.net.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not (tmp_path / "checkpoint.pt").exists()


def recipe(folder: Path, **over: Any) -> dict[str, Any]:
    conv = {**tiny.CONV, "fit": {**SGD, "epochs": 3, "batch_size": 8}}
    members = {"gru": {"model": GRU, "fit": SGD}, "conv": conv, "trees": tiny.TREES}
    return tiny.recipe(tiny.ARRAYS, tiny.array_folder(folder), members, **over)


@pytest.mark.slow
def test_run_in_worker_processes_is_that_of_one_device(tmp_path: Path) -> None:
    """The whole command, killed with all that it started, and called again."""
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe(tmp_path / "data")))
    one = train(path, tmp_path / "one")
    command = [
        sys.executable,
        "-m",
        "holdfast",
        "train",
        str(path),
        "-o",
        str(tmp_path / "two"),
        "--devices",
        "2",
    ]
    command += ["--engine", "processes", "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.glob("two/members/*/*/done.json")):
        time.sleep(0.1)
    process.kill()
    process.wait()
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "warn" not in said.stderr.lower()
    two = Run(tmp_path / "two")
    assert np.abs(one.predictions("gru") - two.predictions("gru")).max() < 1e-4
    assert np.array_equal(one.predictions("trees"), two.predictions("trees"))
    notes = [note for note in two.scores["notes"] if "batch norm" in note]
    assert [note.split(",")[0] for note in notes] == ["conv: batch norm saw a share of each batch"]
    assert not any("batch norm" in note for note in one.scores["notes"])
    events = [json.loads(line) for line in (two.path / "events.jsonl").read_text().splitlines()]
    assert not [event for event in events if event["event"] == "lost"]


def test_note_is_for_batch_norm_of_processes_alone() -> None:
    facts = {"number": 3, "kind": "cpu", "own_batch_norm": True}
    assert "as 3 processes trained it" in str(devices_note("conv", [{"devices": facts}]))
    for other in ({}, {"devices": {**facts, "own_batch_norm": False}}):
        assert devices_note("conv", [other]) is None


def test_number_of_devices_is_part_of_a_job_and_one_is_not_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "SHORT", 0)  # worth two processes
    monkeypatch.setattr(side_by_side, "cores", lambda: 2)
    hashes = set()
    for fit in ({}, {"devices": None}, {"devices": 2}):
        values = recipe(tmp_path / "data", fit=fit)
        plan = prepare(load_recipe(values, None, tmp_path), tmp_path)
        hashes.add(plan.work.hash(Job("conv", 0, 0)))
        several = fit.get("devices") == 2
        assert ("devices" in plan.recipe.written()["fit"]) == several
        assert side_by_side.side_by_side(plan.work) == (1 if several else 2)  # folds at a time
    assert len(hashes) == 2
    assert Fit.model_validate({"devices": 2}).model_dump()["devices"] == 2


def test_begun_run_keeps_its_devices_and_refuses_others(tmp_path: Path) -> None:
    """Estimators ignore the devices, and need no rank."""
    plain = tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data"))
    begun = train(plain, tmp_path / "run", overrides=["fit.devices=2"])
    assert begun.recipe["fit"]["devices"] == 2
    assert train(plain, begun.path).recipe == begun.recipe
    with pytest.raises(BadInput, match=r"(?s)begun with another recipe.*-  devices: 2"):
        train(plain, begun.path, overrides=["fit.devices=1"])
    alone = train(plain, tmp_path / "alone")
    train(plain, alone.path, overrides=["fit.devices=1"])


def test_what_takes_one_device_refuses_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = recipe(tmp_path / "data", fit={"devices": 2})
    with pytest.raises(BadInput, match="--devices: a task of Ray has one device, and the network of gru"):
        train(values, tmp_path / "run", engine="ray")
    values["fit"]["pretrain"] = {}
    with pytest.raises(BadInput, match=r"fit\.pretrain: pretraining runs on one device"):
        train(values, tmp_path / "run")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(
        BadInput, match=r"members\.gru\.fit\.devices: got 2, but the GPUs of this machine are 1"
    ):
        train(values, tmp_path / "run")
    assert not (tmp_path / "run").exists()
