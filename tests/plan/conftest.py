"""Tiny competition folders, in the layouts that contests hand out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from holdfast.plan.answers import Answers
from holdfast.plan.new import new
from holdfast.recipe.registry import parse

CLASSES = ("sit", "stand", "walk")


@dataclass
class Written:
    """What `new` wrote, read back, and its summary."""

    text: str
    summary: str
    path: Path

    @property
    def recipe(self) -> dict[str, Any]:
        return yaml.safe_load(self.text)

    @property
    def data(self) -> dict[str, Any]:
        return self.recipe["data"]

    def load(self) -> Any:
        """The data as the reader sees them by this recipe."""
        return parse("data", self.data).load(self.path.parent)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Written]:
    """Run `new` on a folder, answers by name."""
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path / "cache"))

    def run(folder: Path, preset: str = "fast", force: bool = False, **answers: Any) -> Written:
        path = tmp_path / "out" / "recipe.yaml"
        text, lines = new(folder, preset, path, Answers(**answers), force)
        assert path.read_text(encoding="utf-8") == text
        return Written(text, "\n".join(lines), path)

    return run


def side(n: int, groups: int = 6, classes: tuple[str, ...] = CLASSES) -> pd.DataFrame:
    """Ids, subjects and classes of n samples, every class in every group."""
    rows = np.arange(n)
    return pd.DataFrame(
        {
            "id": [f"a{i:03}" for i in rows],
            "subject": rows % groups + 1,
            "label": [classes[i // groups % len(classes)] for i in rows],
        }
    )


def features(n: int, seed: int = 0, names: tuple[str, ...] = ("f1", "f2", "f3")) -> pd.DataFrame:
    return pd.DataFrame(
        np.random.default_rng(seed).normal(size=(n, len(names))).round(4), columns=list(names)
    )


def table_folder(folder: Path, n: int = 72, tests: int = 30, sample: bool = True) -> Path:
    """train.csv with targets inside, test.csv, sample_submission.csv with one class column."""
    folder.mkdir(parents=True)
    pd.concat([side(n), features(n)], axis=1).to_csv(folder / "train.csv", index=False)
    ids = pd.DataFrame({"id": [f"b{i:03}" for i in range(tests)]})
    pd.concat([ids, features(tests, 1)], axis=1).to_csv(folder / "test.csv", index=False)
    if sample:
        ids.assign(label=CLASSES[0]).to_csv(folder / "sample_submission.csv", index=False)
    return folder


def long_frame(ids: list[str], steps: int, seed: int) -> pd.DataFrame:
    """A long table with a twentieth of its rows lost, and some values."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"id": np.repeat(ids, steps), "time": np.tile(np.arange(steps), len(ids))})
    for channel in ("acc_x", "acc_y"):
        frame[channel] = draw.normal(size=len(frame)).round(4)
    frame.loc[draw.random(len(frame)) < 0.05, "acc_x"] = np.nan
    return frame[(draw.random(len(frame)) > 0.05) | (frame["time"] == 0)]


def long_folder(folder: Path, n: int = 72, tests: int = 24, steps: int = 12, beside: bool = True) -> Path:
    """Long tables, labels with a description column beside them, a sample with a column for each class."""
    folder.mkdir(parents=True)
    labels = side(n)
    labels["label_desc"] = "is " + labels["label"]
    train = long_frame(list(labels["id"]), steps, 0)
    if beside:
        labels.to_csv(folder / "train_labels.csv", index=False)
    else:
        train = train.merge(labels, on="id")
    train.to_csv(folder / "train_features.csv.gz", index=False)
    ids = [f"b{i:03}" for i in range(tests)]
    long_frame(ids, steps, 1).to_csv(folder / "test_features.csv.gz", index=False)
    pd.DataFrame({"id": ids, **dict.fromkeys(CLASSES, 0)}).to_csv(
        folder / "sample_submission.csv", index=False
    )
    return folder


def array_folder(folder: Path, n: int = 72, tests: int = 24) -> Path:
    """train.npz and test.npz beside train.csv, test.csv and a sample."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    np.savez_compressed(folder / "train.npz", x=draw.normal(size=(n, 10, 3)).astype(np.float16))
    np.savez_compressed(folder / "test.npz", x=draw.normal(size=(tests, 10, 3)).astype(np.float16))
    side(n).to_csv(folder / "train.csv", index=False)
    ids = pd.DataFrame({"id": [f"b{i:03}" for i in range(tests)]})
    ids.to_csv(folder / "test.csv", index=False)
    ids.assign(label=CLASSES[1]).to_csv(folder / "sample_submission.csv", index=False)
    return folder


@pytest.fixture
def folders() -> SimpleNamespace:
    """The makers of folders and of their parts."""
    return SimpleNamespace(
        table=table_folder,
        long=long_folder,
        arrays=array_folder,
        side=side,
        features=features,
        long_frame=long_frame,
    )
