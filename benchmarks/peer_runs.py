"""Peers on the folds that Holdfast trains on: each in a process of its own, for so many minutes, a row a fold."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from environments import make_environment, python_of

from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import Score, score_with_interval
from holdfast.plan.answers import Answers
from holdfast.plan.new import new
from holdfast.recipe.load import load_recipe
from holdfast.store.atomic import write_array, write_text
from holdfast.store.hashes import hash_value
from holdfast.train import prepare

HERE = Path(__file__).resolve().parent
SOFTMAX = "softmax"  # of decision values, for classifiers that give no probabilities
VERSION = 1  # raise when a contestant changes, so that its old rows no longer count


@dataclass(frozen=True)
class Peer:
    """One contestant. `environment`: the name of its own, where Holdfast's does not suit."""

    title: str
    script: str = "peers.py"
    kinds: frozenset[str] = frozenset({"windows"})
    probabilities: str = "its own"
    environment: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)


BOTH = frozenset({"table", "windows"})
PEERS = {
    "svc": Peer("SVC rbf C=10", kinds=BOTH, probabilities=SOFTMAX),
    "lightgbm": Peer("LightGBM 200 trees", kinds=BOTH),
    "minirocket": Peer("MiniRocket + ridge (aeon)", probabilities=SOFTMAX),
    "multirocket_hydra": Peer("MultiRocket-Hydra (aeon)", probabilities=SOFTMAX),
    "inception_time": Peer(
        "InceptionTime (aeon), 1 network of 10 epochs", environment="aeon", settings={"networks": 1, "epochs": 10}
    ),
    "published": Peer(
        "third place's recipe (Keras), at most 15 epochs", "published_keras.py", environment="keras",
        settings={"epochs": 15, "width": 128},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """The training part of a set, as the contestants get it: X.npy, y.npy and fold.npy in `folder`."""

    set: str
    kind: str
    folder: Path
    metric: Metric
    truth: np.ndarray
    groups: np.ndarray | None
    fold: np.ndarray
    classes: int
    folds_hash: str
    mark: str  # of data and folds

    @property
    def k(self) -> int:
        return int(self.fold.max()) + 1


def task_of(source: Path, seed: int, asked: str | None, out: Path) -> Task | None:
    """The folds that `holdfast train` makes of the recipe that `new` writes; None where there are no classes."""
    folder = out / "peers" / f"{source.name}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "recipe.yaml"
    new(source, "fast", file, Answers(metric=asked), force=True)
    seeded = ["folds.seed=" + str(seed)] if hasattr(load_recipe(file).folds, "seed") else []
    plan = prepare(load_recipe(file, [*seeded, "threads=1"]), folder)
    work, metric = plan.work, plan.metric
    if work.target.kind != "classes":
        return None
    truth, fold = work.train.target, work.folds.fold[0]
    assert truth is not None
    for name, array in (("X", work.train.read()), ("y", truth), ("fold", fold)):
        write_array(folder / f"{name}.npy", array)
    mark = hash_value([VERSION, work.data_mark, work.folds.hash])
    return Task(
        source.name, work.train.kind, folder, metric, truth, work.train.groups, fold, work.target.n_classes,
        work.folds.hash, mark,
    )  # fmt: skip


def same_folds(task: Task, run: Path) -> bool:
    """Whether a run of Holdfast scored these very folds."""
    held = json.loads((run / "folds.json").read_text(encoding="utf-8"))
    return bool(held["hash"] == task.folds_hash)


class Rows:
    """peers.jsonl: a row a finished fold; one with fold null holds the time that a stopped fold took."""

    def __init__(self, file: Path):
        self.file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def of(self, key: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["key"] == key]

    def add(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self._write()

    def forget(self, key: str) -> None:
        self.rows = [row for row in self.rows if row["key"] != key]
        self._write()

    def _write(self) -> None:
        """Written whole, so that a kill leaves the old rows or the new ones."""
        write_text(self.file, "".join(json.dumps(row) + "\n" for row in self.rows))


def key_of(name: str, peer: Peer, task: Task, threads: int) -> str:
    """What a row must be of, to count; the predictions beside it bear the same name."""
    return f"{name}-{hash_value([task.mark, peer.settings, threads])}"


def run_peer(name: str, peer: Peer, task: Task, seconds: float, threads: int, rows: Rows) -> None:
    """Train the folds that have no row yet, until so many seconds are spent in all.

    Raises RuntimeError where the contestant, or its environment, fails.
    """
    key = key_of(name, peer, task, threads)
    there = rows.of(key)
    left = [k for k in range(task.k) if k not in {row["fold"] for row in there}]
    seconds -= sum(row["seconds"] for row in there)
    if not left or seconds <= 0:
        return
    if peer.environment is not None:
        try:
            make_environment(peer.environment)
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"its environment could not be made: {error}") from None
    said = {
        "folder": str(task.folder), "peer": name, "key": key, "folds": left, "classes": task.classes,
        "threads": threads, **peer.settings,
    }  # fmt: skip
    known = {"key": key, "set": task.set, "peer": name, "settings": peer.settings, "threads": threads}
    started, trained = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as log:
        process = _Contestant(peer, said, seconds, log)
        for answer in process:
            print(f"{task.set}, {peer.title}: fold {answer['fold']} of {task.k}", file=sys.stderr, flush=True)
            trained += answer["seconds"]
            rows.add({**known, **answer})
        if process.stopped.is_set():
            rows.add({**known, "fold": None, "seconds": time.perf_counter() - started - trained})
        elif process.code != 0:
            log.seek(0)
            words = log.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"ended with code {process.code}:\n{words}")


class _Contestant:
    """A process whose lines are answers, killed with its children when its time is over."""

    def __init__(self, peer: Peer, said: dict[str, Any], seconds: float, log: Any):
        python = sys.executable if peer.environment is None else python_of(peer.environment)
        script = str(HERE / "contestants" / peer.script)
        self.process = subprocess.Popen(
            [python, script, json.dumps(said)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            text=True, start_new_session=True,
        )  # fmt: skip
        self.stopped, self.code = threading.Event(), 0
        self.timer = threading.Timer(seconds, self._stop)

    def _stop(self) -> None:
        self.stopped.set()
        self._kill()

    def _kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        assert self.process.stdout is not None
        self.timer.start()
        try:
            for line in self.process.stdout:
                yield json.loads(line)
            self.code = self.process.wait()
        finally:
            self.timer.cancel()
            self._kill()
            self.process.wait()


@dataclass(frozen=True)
class Result:
    """What a peer reached: the pooled score of the folds that it finished; None where it finished none."""

    score: Score | None
    folds: str
    seconds: float
    versions: dict[str, str]


def result(name: str, peer: Peer, task: Task, minutes: float, threads: int, rows: Rows) -> Result:
    """From the rows and predictions that are there."""
    key = key_of(name, peer, task, threads)
    there = rows.of(key)
    done = {row["fold"]: row for row in there if row["fold"] is not None}
    folds = f"{len(done)} of {task.k}"
    if any(row["fold"] is None for row in there) and len(done) < task.k:
        folds += f" in {minutes:g} min"
    score = None
    if done:
        here = np.flatnonzero(np.isin(task.fold, list(done)))
        oof = np.empty((len(task.truth), task.classes), dtype=np.float32)
        for k in done:
            oof[task.fold == k] = np.load(task.folder / f"{key}-{k}.npy")
        groups = None if task.groups is None else task.groups[here]
        score = score_with_interval(task.metric, task.truth[here], [oof[here]], groups)
    versions = {package: number for row in done.values() for package, number in row["versions"].items()}
    return Result(score, folds, sum(row["seconds"] for row in done.values()), versions)
