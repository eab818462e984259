"""Kill, resume, repeat: the same table to the bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
import yaml

import holdfast.train
from holdfast.engine import side_by_side
from holdfast.errors import BadInput
from holdfast.store.run import Run
from holdfast.train import train

MEMBERS = {"conv": {**tiny.CONV, "fit": {**tiny.CONV["fit"], "epochs": 12}}, "trees": tiny.TREES}  # type: ignore[dict-item]

# Imports take longer than these runs: one process imports, and a fork of it, fresh each time, trains.
STARTER = """
import os, sys
import lightning_fabric, sklearn.ensemble
import holdfast.fit.estimator, holdfast.fit.network
from holdfast.errors import BadInput
from holdfast.train import train
for line in sys.stdin:
    path, output = line.rstrip("\\n").split("\\t")
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        try:
            train(path, output)
        except BadInput as error:
            with open(output + ".refused", "w") as file:
                file.write(str(error))
            os._exit(2)
        os._exit(0)
    print(pid, flush=True)
    print(os.waitpid(pid, 0)[1], flush=True)
"""


class Starter:
    """Starts `train` in processes of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STARTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def start(self, path: Path, output: Path) -> int:
        """The process's id."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path}\t{output}\n")
        self.process.stdin.flush()
        return int(self.read())

    def read(self) -> str:
        """The next line that the starter says: an id, or how the process ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
        made = Starter()
    yield made
    assert made.process.stdin is not None
    made.process.stdin.close()
    made.process.wait(timeout=60)


def recipe(folder: Path, **over: Any) -> dict[str, Any]:
    return tiny.recipe(tiny.ARRAYS, tiny.array_folder(folder), MEMBERS, **over)


def events(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines()]


def finished_folds(run: Path) -> dict[str, tuple[int, bytes]]:
    """done.json of each finished fold: when it was written, and what it says."""
    return {
        str(p.relative_to(run)): (p.stat().st_mtime_ns, p.read_bytes())
        for p in sorted(run.rglob("done.json"))
    }


def assert_equal_runs(one: Run, other: Run) -> None:
    for member in ("conv", "trees", "ensemble"):
        assert np.array_equal(one.predictions(member), other.predictions(member)), member
        assert np.array_equal(one.test_predictions(member), other.test_predictions(member)), member
    assert one.oof.equals(other.oof)
    assert one.scores == other.scores


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """Recipe file and the unbroken run."""
    folder = tmp_path_factory.mktemp("made")
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe(folder / "data")))
    return path, train(path, folder / "whole")


def lines_of(output: Path) -> int:
    file = output / "events.jsonl"
    return len(file.read_bytes().splitlines()) if file.is_file() else 0


def test_killed_three_times_ends_as_the_unbroken_run(
    made: tuple[Path, Run], starter: Starter, tmp_path: Path
) -> None:
    """The moments: after a drawn number of further events, each an epoch's end or a fold's start or end."""
    path, whole = made
    output = tmp_path / "killed"
    draw = random.Random(7)
    for _ in range(3):
        process = starter.start(path, output)
        wanted = lines_of(output) + 4 + draw.randint(1, 9)
        deadline = time.monotonic() + 120
        while lines_of(output) < wanted and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(process, signal.SIGKILL)
        assert int(starter.read()) == signal.SIGKILL
    before = finished_folds(output)
    assert len(before) < 6, "it ended before the third kill: draw earlier moments"
    starter.start(path, output)
    assert int(starter.read()) == 0
    run = Run(output)
    after = finished_folds(output)
    assert {name: after[name] for name in before} == before
    assert len(after) == 6
    assert_equal_runs(run, whole)
    ended: set[str] = set()
    for event in events(run):
        if event["event"] == "start":
            assert event["job"] not in ended, "a finished fold was trained again"
        elif event["event"] == "done":
            ended.add(event["job"])
    assert not list(output.rglob("checkpoint.pt"))


def test_killed_inside_a_fold_goes_on_at_its_epoch(made: tuple[Path, Run], tmp_path: Path) -> None:
    path, whole = made

    class Power(Exception):
        """What a power cut looks like from inside."""

    def cut(event: dict[str, Any]) -> None:
        if event["event"] == "start" and event["job"] == "conv fold 2":
            seen.append(event["job"])
        if seen and event["event"] == "epoch" and event["epoch"] == 7:
            raise Power

    seen: list[str] = []
    with pytest.raises(Power):
        train(path, tmp_path / "run", report=cut)
    before = finished_folds(tmp_path / "run")
    assert len(before) == 2
    run = train(path, tmp_path / "run")
    assert_equal_runs(run, whole)
    after = finished_folds(tmp_path / "run")
    assert {name: after[name] for name in before} == before
    resumed = events(run)[[e["event"] for e in events(run)].index("run", 1) :]
    # the checkpoint of epoch 7 was not yet written when the cut came
    assert [e["epoch"] for e in resumed if e["event"] == "epoch"] == [7, 8, 9, 10, 11]
    curve = pd.read_csv(run.fold_folder("conv", 0, 2) / "curve.csv")
    assert list(curve["epoch"]) == list(range(12))


def test_twice_inline_and_in_processes_is_equal_to_the_bit(
    made: tuple[Path, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = made
    assert_equal_runs(train(path, tmp_path / "again"), whole)
    monkeypatch.setattr(side_by_side, "SHORT", 0)  # worth two processes
    monkeypatch.setattr(side_by_side, "cores", lambda: 2)
    monkeypatch.setattr(holdfast.train, "cores", lambda: 2)
    seen: list[dict[str, Any]] = []
    run = train(path, tmp_path / "processes", engine="auto", report=seen.append)
    assert_equal_runs(run, whole)
    named = [event["event"] for event in seen]
    assert named.count("done") == named.count("start") == 6
    assert seen[named.index("run")]["at_a_time"] == 2


def test_finished_run_is_only_read_again(made: tuple[Path, Run]) -> None:
    path, whole = made
    before, seen = finished_folds(whole.path), []
    run = train(path, whole.path, report=lambda event: seen.append(event["event"]))
    assert "start" not in seen
    assert finished_folds(run.path) == before


def test_changed_recipe_is_refused_with_the_difference(made: tuple[Path, Run]) -> None:
    path, whole = made
    files = {p: p.stat().st_mtime_ns for p in whole.path.rglob("*")}
    with pytest.raises(BadInput) as caught:
        train(path, whole.path, overrides=["members.trees.model.extra_trees.n_estimators=6"])
    message = str(caught.value)
    assert "begun with another recipe" in message
    assert "-        n_estimators: 5" in message
    assert "+        n_estimators: 6" in message
    assert "--fresh" in message
    assert {p: p.stat().st_mtime_ns for p in whole.path.rglob("*")} == files


def test_fresh_takes_the_next_free_name(tmp_path: Path) -> None:
    plain = tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data"))
    names = [train(plain, tmp_path / "run", fresh=fresh).path.name for fresh in (False, True, True)]
    assert names == ["run", "run-2", "run-3"]


@pytest.mark.parametrize("file", ["train.csv", "test.csv"])
def test_changed_data_are_refused(tmp_path: Path, file: str) -> None:
    folder = tiny.table_folder(tmp_path / "data")
    plain = tiny.recipe(tiny.TABLE, folder)
    train(plain, tmp_path / "run")
    frame = pd.read_csv(folder / file)
    frame.loc[0, "f1"] += 1
    frame.to_csv(folder / file, index=False)
    with pytest.raises(BadInput, match="begun with other data"):
        train(plain, tmp_path / "run")


def test_changed_component_of_ones_own_is_refused(starter: Starter, tmp_path: Path) -> None:
    folder = tiny.table_folder(tmp_path / "data")
    source = (
        "from holdfast.models.constant import Constant\nfrom holdfast.recipe.registry import component\n"
        "@component('own_model')\nclass Own(Constant):\n    'Mine.'\n"
    )
    (folder / "mine.py").write_text(source)
    values = tiny.recipe(tiny.TABLE, Path("."), {"own": {"model": "own_model"}}, components=["mine.py"])
    path, output = folder / "recipe.yaml", tmp_path / "run"
    path.write_text(yaml.safe_dump(values))
    starter.start(path, output)
    assert int(starter.read()) == 0
    scores = Run(output).scores
    assert scores["members"]["own"]["log_loss"]["value"] == pytest.approx(
        scores["floor"]["log_loss"]["value"]
    )
    (folder / "mine.py").write_text(source + "# changed\n")
    starter.start(path, output)
    assert int(starter.read()) == 2 << 8
    assert "begun with other components" in output.with_name("run.refused").read_text()


def test_one_writer_at_a_time(made: tuple[Path, Run]) -> None:
    path, whole = made
    code = (
        "import sys, time; from holdfast.store.run import Run\n"
        "with Run(sys.argv[1]).locked(): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(whole.path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"held"
    try:
        with pytest.raises(BadInput, match="another `holdfast train` is writing here"):
            train(path, whole.path)
    finally:
        holder.kill()
        holder.wait()
    assert train(path, whole.path).finished


def test_run_folder_holds_what_it_draws(made: tuple[Path, Run]) -> None:
    _, whole = made
    there = {str(p.relative_to(whole.path)) for p in whole.path.rglob("*") if p.is_file()}
    fold = "members/conv/fold-1"
    wanted = {
        "recipe.yaml", "environment.json", "folds.csv", "events.jsonl", "oof.parquet", "oof-conv.npy", "oof-ensemble.npy",
        "test-conv.npy", "scores.json", f"{fold}/weights.safetensors", f"{fold}/state.json", f"{fold}/curve.csv",
        f"{fold}/oof.npy", f"{fold}/test.npy", f"{fold}/done.json",
    }  # fmt: skip
    assert wanted <= there
    assert {"versions", "hardware", "seeds", "data", "folds"} <= set(whole.environment)
    assert len(whole.oof) == 36
    assert list(whole.oof.columns) == ["id", "group", "repeat", "fold", "truth"]
