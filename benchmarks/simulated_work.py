"""Simulated samples of each kind, and the work of a run over them in memory. Nothing here is a score: only sizes matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from contestants.showers import STEPS as FRAMES
from contestants.showers import simulated as showers

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Work
from holdfast.fit.resolved import resolve
from holdfast.folds.base import Splitter
from holdfast.folds.table import make_folds
from holdfast.recipe.load import load_recipe
from holdfast.recipe.target import TargetSpec

CHANNELS, COLUMNS, SIDE, RAIN_SIDE = 6, 40, 32, 32
EACH = 10  # samples of a person, where a folder has people


def codes(samples: int, classes: int) -> np.ndarray:
    """Classes `(samples,)`, all about as frequent."""
    return np.random.default_rng(0).permutation(np.arange(samples) % classes)


def windows(samples: int, classes: int = 4, steps: int = 128) -> np.ndarray:
    """`(samples, steps, 6)` float32: a sine whose pace is the class's, and noise."""
    X = np.random.default_rng(1).standard_normal((samples, steps, CHANNELS), dtype=np.float32)
    pace = 1 + codes(samples, classes)
    X += np.sin(np.arange(steps)[None, :] * pace[:, None] / 20)[:, :, None].astype(np.float32)
    return X


def table(samples: int, classes: int = 4) -> np.ndarray:
    """`(samples, 40)` float32: each class has a level of its own in each column, and noise."""
    rng = np.random.default_rng(1)
    return (
        rng.normal(size=(classes, COLUMNS))[codes(samples, classes)] + 2 * rng.normal(size=(samples, COLUMNS))
    ).astype(np.float32)


def photos(samples: int, classes: int = 4) -> np.ndarray:
    """`(samples, 32, 32, 3)` uint8: noise, lighter by class."""
    light = (40 * codes(samples, classes))[:, None, None, None]
    noise = np.random.default_rng(1).integers(0, 100, (samples, SIDE, SIDE, 3))
    return (noise + light).clip(0, 255).astype(np.uint8)


MADE = {"windows": windows, "table": table, "images": photos}


def data_of(kind: str, samples: int, classes: int = 4, **more: Any) -> tuple[Dataset, TargetSpec]:
    """Samples of a kind with their targets."""
    ids = np.array([f"s{i:06}" for i in range(samples)])
    if kind == "frames":
        rain = showers(samples, RAIN_SIDE)
        amount = rain[:, -1].mean(axis=(1, 2), dtype=np.float64)
        names = tuple(f"t-{ago}" for ago in reversed(range(FRAMES)))
        spec = TargetSpec(
            kind="grid", column="rain", shape=(1, RAIN_SIDE, RAIN_SIDE), leads=(10.0,), unit="mm/h"
        )
        return Dataset(kind, ids, rain[:, :FRAMES], names, amount, grids=rain[:, FRAMES:]), spec
    X = MADE[kind](samples, classes, **more)
    names = ("red", "green", "blue") if kind == "images" else tuple(f"c{i}" for i in range(X.shape[-1]))
    target = TargetSpec(kind="classes", column="label", names=tuple(f"class{i:03}" for i in range(classes)))
    return Dataset(kind, ids, X, names, codes(samples, classes)), target


def work_of(data: Dataset, target: TargetSpec, member: dict[str, Any], threads: int, k: int = 5) -> Work:
    """The work of a run of one member, `it`, over stratified folds."""
    metric = "mae" if target.kind == "grid" else "log_loss"
    recipe = load_recipe(
        {"metric": metric, "folds": {"kind": "stratified", "k": k}, "members": {"it": member}}
    )
    assert isinstance(recipe.folds, Splitter)
    folds = make_folds(recipe.folds, data, target, Path())
    return Work(
        {"it": resolve(recipe, "it", data, target)}, data, None, target, folds, 0, threads, "simulated"
    )


def write_folder(folder: Path, kind: str, samples: int, classes: int = 4) -> dict[str, Any]:
    """A competition folder of people's windows or rows, 10 of each; the `data` entry of its recipes."""
    folder.mkdir(parents=True, exist_ok=True)
    X, y = MADE[kind](samples, classes), codes(samples, classes)
    side = pd.DataFrame({"id": [f"s{i:06}" for i in range(samples)]})
    labels = side.assign(
        person=[f"p{i:05}" for i in np.arange(samples) // EACH], label=[f"class{i:03}" for i in y]
    )
    columns = {"id": "id", "group": "person", "target": "label"}
    if kind == "windows":
        np.save(folder / "train.npy", X)
        labels.to_csv(folder / "labels.csv", index=False)
        return {"kind": kind, "folder": str(folder), "train": "train.npy", "labels": "labels.csv", **columns}
    values = pd.DataFrame(X.round(4), columns=[f"c{i}" for i in range(X.shape[1])])
    labels.join(values).to_csv(folder / "train.csv", index=False)
    return {"kind": kind, "folder": str(folder), "train": "train.csv", **columns}
