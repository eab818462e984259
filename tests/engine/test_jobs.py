"""A job's hash names everything that decides its result, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

import holdfast.train
from holdfast.engine import folder as engine_folder
from holdfast.engine import side_by_side
from holdfast.engine.job import Job, Work
from holdfast.engine.threads import cores, limited
from holdfast.recipe.load import load_recipe
from holdfast.store.atomic import write_json, write_whole
from holdfast.train import prepare


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.array_folder(tmp_path / "data")


def work(folder: Path, *overrides: str, **over: Any) -> Work:
    members = {"conv": tiny.CONV, "trees": tiny.TREES}
    return prepare(
        load_recipe(tiny.recipe(tiny.ARRAYS, folder, members, **over), list(overrides)), folder
    ).work


def test_jobs_are_members_by_repeats_by_folds(folder: Path) -> None:
    made = work(folder, "folds.repeats=2")
    assert len(made.jobs()) == len(set(made.jobs())) == len({made.hash(job) for job in made.jobs()}) == 12
    assert str(Job("conv", 1, 2)) == "conv fold 2 repeat 1"


@pytest.mark.parametrize(
    "line",
    ["seed=1", "folds.seed=1", "members.conv.fit.epochs=4", "members.conv.model.conv_residual.width=5",
     "prepare=[standardize]", "threads=2", "members.conv.augment=[roll]", "members.conv.loss.cross_entropy.smoothing=0.1"],
)  # fmt: skip
def test_hash_changes_with_what_decides(folder: Path, line: str) -> None:
    assert work(folder).hash(Job("conv", 0, 0)) != work(folder, line).hash(Job("conv", 0, 0))


@pytest.mark.parametrize(
    "line", ["name=other", "members.trees.model.extra_trees.n_estimators=6", "metric=accuracy"]
)
def test_hash_stays_where_nothing_of_it_changes(folder: Path, line: str) -> None:
    assert work(folder).hash(Job("conv", 0, 0)) == work(folder, line).hash(Job("conv", 0, 0))


def test_hash_changes_with_the_data(folder: Path) -> None:
    before = work(folder).hash(Job("conv", 0, 0))
    X = np.load(folder / "train.npy")
    X[0, 0, 0] += 1
    np.save(folder / "train.npy", X)
    assert work(folder).hash(Job("conv", 0, 0)) != before


def test_hash_does_not_know_where_the_data_lie(folder: Path) -> None:
    first = work(folder)
    moved = folder.rename(folder.with_name("moved"))
    assert work(moved).hash(Job("conv", 0, 0)) == first.hash(Job("conv", 0, 0))
    assert replace(first, code_mark="x").hash(Job("conv", 0, 0)) != first.hash(Job("conv", 0, 0))


@pytest.mark.parametrize(
    ("cores", "epochs", "free", "expected"),
    [
        (2, 10**6, 2**36, 2),
        (16, 10**6, 2**36, 3),
        (2, 1, 2**36, 1),
        (2, 10**6, 2**31, 1),
        (1, 10**6, 2**36, 1),
    ],
)
def test_folds_side_by_side_as_cores_memory_and_work_allow(
    folder: Path, monkeypatch: pytest.MonkeyPatch, cores: int, epochs: int, free: int, expected: int
) -> None:
    """Three folds; on a machine without GPU, since the tests' networks train on the processor."""
    monkeypatch.setattr(side_by_side, "cores", lambda: cores)
    monkeypatch.setattr(side_by_side, "free_memory", lambda: free)
    monkeypatch.setattr(side_by_side, "_on_processor", lambda: True)
    made = work(folder, f"members.conv.fit.epochs={epochs}")
    assert side_by_side.side_by_side(made) == expected
    trees = {"trees": made.members["trees"]}
    assert side_by_side.side_by_side(replace(made, members=trees)) == 1


def test_wide_networks_go_one_by_one_where_a_core_would_stand_idle(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three folds on two cores: the last one would be alone. With six jobs nobody is."""
    monkeypatch.setattr(side_by_side, "cores", lambda: 2)
    monkeypatch.setattr(side_by_side, "_on_processor", lambda: True)
    made = work(
        folder,
        "members.conv.fit.epochs=1000000",
        "members.conv.fit.batch_size=256",
        "members.conv.model.conv_residual.width=512",
    )
    conv = made.members["conv"]
    assert side_by_side.side_by_side(replace(made, members={"conv": conv})) == 1
    assert side_by_side.side_by_side(replace(made, members={"conv": conv, "again": conv})) == 2
    narrow = work(folder, "members.conv.fit.epochs=1000000").members["conv"]
    assert side_by_side.side_by_side(replace(made, members={"conv": narrow})) == 2


def test_network_that_looks_at_values_counts_as_narrow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot go by shapes alone, as others do to count what they compute."""
    monkeypatch.setattr(side_by_side, "cores", lambda: 2)
    monkeypatch.setattr(side_by_side, "_on_processor", lambda: True)
    wide = ("members.conv.fit.batch_size=256", "members.conv.model.conv_residual.width=512")
    made = work(folder, "members.conv.fit.epochs=1000000", *wide)
    looks = type("Looks", (type(made.members["conv"].model),), {"build": _looking})
    conv = replace(made.members["conv"], model=looks(width=512))
    assert side_by_side.side_by_side(replace(made, members={"conv": conv})) == 2


def _looking(spec: Any, shape: tuple[int, ...], outputs: int) -> Any:
    import torch

    class Looking(torch.nn.Module):
        def forward(self, X: torch.Tensor) -> torch.Tensor:
            return X.flatten(1)[:, :outputs] if float(X.sum()) > 0 else X.flatten(1)[:, -outputs:]

    return Looking()


def test_begun_run_keeps_its_threads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun with two threads by an engine that took one fold at a time: goes on so."""
    monkeypatch.setattr(side_by_side, "SHORT", 0)
    for place in (side_by_side, holdfast.train, engine_folder):
        monkeypatch.setattr(place, "cores", lambda: 2)
    values = tiny.recipe(tiny.ARRAYS, folder, {"conv": tiny.CONV})
    values.pop("threads", None)
    run, seen = folder / "run", list[dict[str, Any]]()
    whole = holdfast.train.train(values, run)
    assert whole.recipe["threads"] == 2
    (run / "scores.json").unlink()
    holdfast.train.train(values, run, engine="auto", report=seen.append)
    assert [(event["finished"], event["at_a_time"]) for event in seen if event["event"] == "run"] == [(3, 1)]


def test_limited_gives_the_threads_back() -> None:
    import torch

    before = torch.get_num_threads()
    with limited(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    assert cores() >= 1


# files


def test_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "facts.json"
    write_json(path, {"x": 1})

    def broken(file: Any) -> None:
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, broken)
    assert path.read_text() == '{\n "x": 1\n}\n'
    assert [p.name for p in path.parent.iterdir()] == ["facts.json"]
