"""Tiny simulated runs of each kind of data, with labels that would break a careless page: what tests of reports show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import tiny

from holdfast.store.run import Run
from holdfast.train import train

# Korean, markup, an early end of a script, quotes
LABELS = {
    "sit": "앉기",
    "stand": "<script>alert('label')</script>",
    "walk": "\"walk' </script><img src=x onerror=alert(1)>",
}
GROUP = "<b>사람</b> 0"
LINEAR: dict[str, Any] = {"model": {"logistic": {}}, "features": "window_statistics"}
QUICK: dict[str, Any] = {
    "linear": LINEAR,
    "same": {"model": "constant"},
}  # no network, which takes seconds to begin


def rename(file: Path) -> None:
    """Give a labels file the labels above, some of them wrong, and its first group and sample names with markup."""
    frame = pd.read_csv(file, dtype=str)
    wrong = frame.index[::7]
    frame.loc[wrong, "label"] = frame.loc[wrong, "label"].map(
        {"sit": "stand", "stand": "walk", "walk": "sit"}
    )
    frame["label"] = frame["label"].map(LABELS)
    frame["subject"] = frame["subject"].replace({"g0": GROUP})
    frame["id"] = frame["id"].replace({"s000": "s<0>&\"'"})
    frame.to_csv(file, index=False)


def windows_run(folder: Path, name: str = "run", network: bool = True) -> Run:
    """A network and a linear model on simulated windows whose labels are hard to write."""
    return train_windows(folder, name, {"conv": tiny.CONV, "linear": LINEAR} if network else QUICK)


def train_windows(folder: Path, name: str, members: dict[str, Any]) -> Run:
    data = folder / "data"
    if not data.is_dir():
        rename(tiny.array_folder(data) / "labels.csv")
        sample = pd.read_csv(data / "sample.csv").rename(columns=LABELS)
        sample.to_csv(data / "sample.csv", index=False)
    recipe = tiny.recipe(tiny.ARRAYS, data, members, ensemble="mean")
    return train(recipe, folder / name, jobs=1, accept=None)


def photos_run(folder: Path) -> Run:
    """Joint labels of attributes on simulated photos."""
    data = {**tiny.IMAGES, "attributes": tiny.ATTRIBUTES}
    members = {"hog": {"model": {"logistic": {}}, "features": "hog"}}
    recipe = tiny.recipe(data, tiny.image_folder(folder / "data"), members)
    return train(recipe, folder / "run", jobs=1, accept=None)


def frames_run(folder: Path) -> Run:
    """Persistence on simulated showers."""
    members = {"same": {"model": {"persistence": {}}}}
    recipe = tiny.recipe(tiny.FRAMES, tiny.frames_folder(folder / "data"), members, metric="mae")
    return train(recipe, folder / "run", jobs=1, accept=None)


def values_run(folder: Path) -> Run:
    """Real values in a simulated table."""
    file = tiny.table_folder(folder / "data") / "train.csv"
    frame = pd.read_csv(file)
    frame["label"] = frame["label"].map({"sit": 0.0, "stand": 1.5, "walk": 3.25}) + frame["f1"] / 10
    frame.to_csv(file, index=False)
    told = {**tiny.TABLE, "sample": None, "target_kind": "real"}
    recipe = tiny.recipe(told, folder / "data", metric="rmse", folds={"kind": "group", "k": 3})
    return train(recipe, folder / "run", jobs=1, accept=None)
