"""Simulated sets of any size on disk, and a recipe of a tiny network for each: frames, windows, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from showers import simulated

MIB = 1 << 20
SIDE, FRAMES = 96, 12  # of a sample of frames: uint16, the last of them to be predicted
STEPS, CHANNELS = 600, 6  # of a window: float32
PICTURE = 96  # pixels of a picture's side
GROUPS = 16
POOL = 32  # different samples; the others are these, changed
DRY = 8  # only every eighth sample of frames has rain: the file has holes for the others
COLUMNS = {"id": "id", "group": "person", "target": "label"}
FIT = {"epochs": 1, "batch_size": 32, "optimizer": "adamw", "precision": "32"}


def frames(folder: Path, mib: float) -> dict[str, Any]:
    """A file `(n, 12, 96, 96)` uint16 in 0.01 mm/h and a CSV of ids and events."""
    count = samples(mib, FRAMES * SIDE**2 * 2)
    pool = np.tile(simulated(POOL, SIDE), (1, 3, 1, 1))[:, :FRAMES] * 100
    out = np.lib.format.open_memmap(folder / "frames.npy", "w+", np.uint16, (count, *pool.shape[1:]))
    for row in range(0, count, DRY):
        out[row] = np.roll(pool[row % POOL], row % SIDE, axis=2).clip(0, 60_000)
    out.flush()
    ids = np.arange(count).astype(str)
    pd.DataFrame({"id": ids, "event": np.arange(count) % GROUPS}).to_csv(folder / "train.csv", index=False)
    data = {"kind": "frames", "train": "train.csv", "frames": "frames.npy", "unit": "0.01 mm/h", "id": "id"}
    members = member({"unet": {"width": 2, "depth": 2}}, loss="mae")
    return {"data": {**data, "group": "event"}, "metric": "mae", "members": members}


def windows(folder: Path, mib: float) -> dict[str, Any]:
    """A file `(n, 600, 6)` float32 and a CSV of ids, people and two classes."""
    count = samples(mib, STEPS * CHANNELS * 4)
    out = np.lib.format.open_memmap(folder / "windows.npy", "w+", np.float32, (count, STEPS, CHANNELS))
    rng = np.random.default_rng(0)
    for start in range(0, count, 256):
        part = out[start : start + 256]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32).cumsum(axis=1)
    out.flush()
    labelled(folder, count)
    data = {"kind": "windows", "train": "windows.npy", "labels": "labels.csv", **COLUMNS}
    members = member({"conv_residual": {"width": 4, "kernel": 3, "dense": 4}})
    return {"data": data, "metric": "log_loss", "members": members}


def images(folder: Path, mib: float) -> dict[str, Any]:
    """BMP files of 96 × 96 pixels and a CSV of names, people and two classes."""
    from PIL import Image

    count = samples(mib, PICTURE**2 * 3)
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    names = [f"{row}.bmp" for row in range(count)]
    for name in names:
        small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((PICTURE, PICTURE)).save(folder / "pictures" / name)
    labelled(folder, count, image=names)
    data = {"kind": "images", "train": "labels.csv", "images": "pictures", "path": "image", **COLUMNS}
    return {"data": data, "metric": "log_loss", "members": member({"timm": {"name": "test_resnet"}})}


KINDS = {"frames": frames, "windows": windows, "images": images}


def samples(mib: float, each: int) -> int:
    """How many samples of so many bytes fill `mib`."""
    return max(2 * GROUPS, int(mib * MIB) // each)


def labelled(folder: Path, count: int, **more: Any) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({
        "id": np.arange(count).astype(str), "person": np.arange(count) % GROUPS,
        "label": np.array(["sit", "walk"])[rng.integers(0, 2, count)], **more,
    })  # fmt: skip
    frame.to_csv(folder / "labels.csv", index=False)


def member(model: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"net": {"model": model, "fit": FIT, **more}}


def write(kind: str, folder: Path, mib: float, threads: int) -> dict[str, Any]:
    """Write a set and give the recipe that trains on it, paths relative to `folder`."""
    made = KINDS[kind](folder, mib)
    return {"name": kind, "threads": threads, "folds": {"kind": "group", "k": 2}, "track": [], **made}
