"""Tiny competition folders and recipes: what the tests of whole flows run on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.testing.samples import tiny_data

CLASSES = ("sit", "stand", "walk")


def side(groups: int = 6, each: int = 6) -> pd.DataFrame:
    """Ids, subjects and classes, every class in every subject."""
    data = tiny_data(groups=groups, each=each)
    return pd.DataFrame({"id": data.ids, "subject": data.groups, "label": np.array(CLASSES)[data.target]})


def tests_of(n: int) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"t{i:03}" for i in range(n)]})


def table_folder(folder: Path, **sizes: int) -> Path:
    """train.csv with targets inside, test.csv, sample.csv with one class column."""
    folder.mkdir(parents=True, exist_ok=True)
    labels, X = side(**sizes), tiny_data("table", **sizes).read()
    names = ["f1", "f2", "f3", "f4"]
    pd.concat([labels, pd.DataFrame(X, columns=names).round(4)], axis=1).to_csv(
        folder / "train.csv", index=False
    )
    pd.concat([tests_of(8), pd.DataFrame(X[:8], columns=names)], axis=1).to_csv(
        folder / "test.csv", index=False
    )
    tests_of(8).assign(label=CLASSES[0]).to_csv(folder / "sample.csv", index=False)
    return folder


def array_folder(folder: Path, **sizes: int) -> Path:
    """train.npy and test.npy beside labels.csv and a sample with a column for each class."""
    folder.mkdir(parents=True, exist_ok=True)
    source = tiny_data("windows", **sizes).source[:, :, :2]
    np.save(folder / "train.npy", source)
    np.save(folder / "test.npy", source[:8])
    side(**sizes).to_csv(folder / "labels.csv", index=False)
    tests_of(8).assign(**dict.fromkeys(CLASSES, 1 / 3)).to_csv(folder / "sample.csv", index=False)
    return folder


def long_frame(ids: Any, X: np.ndarray) -> pd.DataFrame:
    """Windows `(n, steps, 2)` as a long table."""
    steps = X.shape[1]
    frame = pd.DataFrame({"id": np.repeat(ids, steps), "time": np.tile(np.arange(steps), len(X))})
    frame[["x", "y"]] = X.reshape(-1, 2)
    return frame


def long_folder(folder: Path, **sizes: int) -> Path:
    """train.csv.gz and test.csv.gz as long tables, labels.csv and sample.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    data = tiny_data("windows", **sizes)
    source = data.source[:, :, :2]
    long_frame(data.ids, source).to_csv(folder / "train.csv.gz", index=False)
    long_frame(tests_of(8)["id"], source[:8]).to_csv(folder / "test.csv.gz", index=False)
    side(**sizes).to_csv(folder / "labels.csv", index=False)
    tests_of(8).assign(label=CLASSES[0]).to_csv(folder / "sample.csv", index=False)
    return folder


def write_photos(folder: Path, photos: dict[str, np.ndarray]) -> Path:
    """Pixels `(h, w, 3)` as files without loss, by their names."""
    from PIL import Image

    for name, pixels in photos.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


def image_folder(folder: Path, **sizes: int) -> Path:
    """Photos of 20 × 16 in train/ and test/ beside train.csv, test.csv and a sample with one class column.

    The label is a function of `shade` (dark, light) and `age` (cut at 30).
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = tiny_data("images", **sizes)
    assert data.target is not None
    names = [f"{name}.png" for name in data.ids]
    write_photos(folder / "train", dict(zip(names, data.read())))
    write_photos(folder / "test", {f"t{i:03}.png": pixels for i, pixels in enumerate(data.read()[:8])})
    shade, age = np.array(["dark", "dark", "light"])[data.target], np.array([29, 41, 35])[data.target]
    side(**sizes).assign(image=names, shade=shade, age=age).to_csv(folder / "train.csv", index=False)
    tests_of(8).assign(image=[f"t{i:03}.png" for i in range(8)]).to_csv(folder / "test.csv", index=False)
    tests_of(8).assign(label=CLASSES[0]).to_csv(folder / "sample.csv", index=False)
    return folder


def frames_folder(folder: Path, **sizes: int) -> Path:
    """Simulated showers: a file `(h, w, frames)` in 0.01 mm/h for each row of train.csv and test.csv, and a wide sample.

    Training files hold four frames and the next, test files four.
    """
    data = tiny_data("frames", **sizes)
    assert data.groups is not None
    codes = np.round(np.concatenate([data.read(), data.read_grids()], axis=1) * 100).astype(np.uint16)
    tested = tests_of(8)
    for name, ids, held in (("train", data.ids, codes), ("test", tested["id"], codes[:8, :4])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for one, frames in zip(ids, held):
            np.save(folder / name / f"{one}.npy", np.moveaxis(frames, 0, -1))
    time = pd.Timestamp("2020-06-01") + pd.to_timedelta(np.arange(len(data)) * 5, unit="min")
    times = time.strftime("%Y-%m-%dT%H:%M:%S")
    pd.DataFrame({"id": data.ids, "event": data.groups, "time": times}).to_csv(
        folder / "train.csv", index=False
    )
    tested.to_csv(folder / "test.csv", index=False)
    pixels = pd.DataFrame(0, index=tested.index, columns=[f"px_{i}" for i in range(codes[0, 0].size)])
    pd.concat([tested, pixels], axis=1).to_csv(folder / "sample.csv", index=False)
    return folder


COLUMNS = {"id": "id", "group": "subject", "target": "label"}
TABLE = {"kind": "table", "train": "train.csv", "test": "test.csv", "sample": "sample.csv", **COLUMNS}
ARRAYS = {
    "kind": "windows", "train": "train.npy", "labels": "labels.csv", "test": "test.npy", "sample": "sample.csv", **COLUMNS,
}  # fmt: skip
LONG = {
    "kind": "windows", "train": "train.csv.gz", "labels": "labels.csv", "test": "test.csv.gz", "sample": "sample.csv",
    "time": "time", **COLUMNS,
}  # fmt: skip
IMAGES = {
    "kind": "images", "train": "train.csv", "images": "train", "test": "test.csv", "test_images": "test",
    "sample": "sample.csv", "path": "image", **COLUMNS,
}  # fmt: skip
FRAMES = {
    "kind": "frames", "train": "train.csv", "frames": "train", "test": "test.csv", "test_frames": "test",
    "sample": "sample.csv", "id": "id", "group": "event", "order": "time", "unit": "0.01 mm/h", "layout": "hwt",
}  # fmt: skip
ATTRIBUTES = {"shade": {"values": ["dark", "light"]}, "age": {"cut": [30]}}
TREES = {"model": {"extra_trees": {"n_estimators": 5}}}
CONV = {
    "model": {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}},
    "augment": ["roll", "jitter"],
    "fit": {"epochs": 3, "batch_size": 8, "precision": "32"},
}


def recipe(
    data: dict[str, Any], folder: Path, members: dict[str, Any] | None = None, **over: Any
) -> dict[str, Any]:
    """Plain values of a recipe on one of the folders above."""
    return {
        "name": "tiny",
        "threads": 1,
        "data": {**data, "folder": str(folder)},
        "metric": "log_loss",
        "folds": {"kind": "stratified_group", "k": 3},
        "members": members or {"trees": TREES},
        "track": [],  # TensorBoard's files would cost a tenth of so small a run
        **over,
    }
