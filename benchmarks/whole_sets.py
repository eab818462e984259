"""The simulated competitions that `whole.py` trains on, as files, and the recipe of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from contestants.photos import FLIP, JITTER, RATIO, SCALE
from contestants.showers import write_codes
from contestants.windows import simulated
from images import draw

PHOTO, FILE = (80, 64), (128, 96)  # h, w that is trained on, and of the files
SIDE = 96  # pixels of a frame
SINES, STEPS, CHANNELS = 6, 100, 6  # classes and windows of the kernels' set
LR = 1e-3

Made = tuple[dict[str, Any], list[str]]  # the recipe's `data`, and the ids in order


@dataclass(frozen=True)
class Size:
    """How much work a whole run is."""

    samples: int
    epochs: int
    batch: int
    model: dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of data with a network, or kernels, of its own."""

    said: str  # what the data are
    write: Callable[[Path, int], Made]
    metric: str
    sizes: dict[str, Size]  # on each device that it is for
    shape: tuple[int, ...] = ()  # of one input as the network gets it
    outputs: int = 0
    least: float = 1.0  # what the project asks of the script's seconds ÷ Holdfast's
    tuned: bool = False  # whether there is a script with Holdfast's own modules too
    member: dict[str, Any] | None = None  # more of the recipe's member
    prepare: tuple[str, ...] | None = None


def _labelled(folder: Path, X: np.ndarray, y: np.ndarray) -> Made:
    np.save(folder / "train.npy", X)
    ids = [f"w{i:05}" for i in range(len(X))]
    rows = [f"{one},c{code:02}" for one, code in zip(ids, y)]
    (folder / "labels.csv").write_text("\n".join(["id,label", *rows]) + "\n")
    data = {"kind": "windows", "train": "train.npy", "labels": "labels.csv", "id": "id", "target": "label"}
    return data, ids


def _windows(folder: Path, samples: int) -> Made:
    return _labelled(folder, *simulated(samples))


def _sines(folder: Path, samples: int) -> Made:
    rng = np.random.default_rng(0)
    y = np.arange(samples) % SINES
    X = rng.standard_normal((samples, STEPS, CHANNELS), dtype=np.float32)
    X += np.sin(np.arange(STEPS)[None, :] * (1 + y[:, None]) / 20)[:, :, None].astype(np.float32) / 2
    return _labelled(folder, X, y)


def _photos(folder: Path, samples: int) -> Made:
    draw(folder / "photos", samples, FILE)
    ids = [f"{path.parent.name}/{path.name}" for path in sorted((folder / "photos").glob("*/*"))]
    return {"kind": "images", "train": "photos", "size": list(PHOTO)}, ids


def _showers(folder: Path, samples: int) -> Made:
    write_codes(folder / "frames.npy", samples, SIDE)
    return {"kind": "frames", "train": "frames.npy", "unit": "0.01 mm/h"}, [str(i) for i in range(samples)]


AUGMENT = [
    {"random_resized_crop": {"scale": list(SCALE), "ratio": list(RATIO)}},
    {"horizontal_flip": {"p": FLIP}},
    {"color_jitter": {"brightness": JITTER, "contrast": JITTER, "saturation": JITTER}},
]
KINDS = {
    "windows": Kind(
        "simulated windows (600, 18) of 61 classes",
        _windows,
        "accuracy",
        {
            "cpu": Size(1280, 6, 16, {"conv_residual": {"width": 64}}),
            "cuda": Size(8192, 20, 64, {"conv_residual": {"width": 128}}),
        },
        shape=(600, 18),
        outputs=61,
        tuned=True,
        prepare=("standardize",),
    ),
    "images": Kind(
        "simulated photos (JPEG of 128 × 96, trained on at 80 × 64), three augmentations",
        _photos,
        "accuracy",
        {
            "cpu": Size(512, 5, 32, {"timm": {"name": "resnet18"}}),
            "cuda": Size(4096, 15, 64, {"timm": {"name": "resnet18"}}),
        },
        shape=(*PHOTO, 3),
        outputs=4,
        least=1.2,
        member={"augment": AUGMENT},
    ),
    "frames": Kind(
        f"simulated showers, 4 frames of {SIDE} × {SIDE} to the next one",
        _showers,
        "mae",
        {
            "cpu": Size(320, 5, 16, {"unet": {"width": 16}}),
            "cuda": Size(2048, 10, 32, {"unet_conv_lstm": {"width": 32}}),
        },
        shape=(4, SIDE, SIDE),
        outputs=1,
        least=1.2,
        tuned=True,
        member={"loss": "mae"},
    ),
    "rocket": Kind(
        f"simulated windows ({STEPS}, {CHANNELS}) of {SINES} classes",
        _sines,
        "accuracy",
        {"cpu": Size(3000, 0, 0, {"minirocket": {}})},
        prepare=(),
    ),
}


def write(folder: Path, kind: Kind, size: Size, k: int, precision: str) -> dict[str, Any]:
    """The set's files, its folds as a file that both read (rows dealt out at random), and the recipe."""
    data, ids = kind.write(folder, size.samples)
    dealt = np.random.default_rng(0).permutation(len(ids)) % k
    rows = [f"{one},{fold}" for one, fold in zip(ids, dealt)]
    (folder / "folds.csv").write_text("\n".join(["id,fold", *rows]) + "\n")
    member = {"model": size.model, **(kind.member or {})}
    if size.epochs:
        member["fit"] = {
            "optimizer": "adamw", "lr": LR, "epochs": size.epochs, "batch_size": size.batch, "precision": precision,
        }  # fmt: skip
    prepare = {} if kind.prepare is None else {"prepare": list(kind.prepare)}
    folds = {"kind": "file", "path": "folds.csv"}
    return {
        "name": "whole", "data": data, "metric": kind.metric, **prepare, "folds": folds, "members": {"net": member},
    }  # fmt: skip
