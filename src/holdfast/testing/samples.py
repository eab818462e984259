"""Tiny data sets that contract tests run on."""

from __future__ import annotations

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.recipe.target import Attribute, TargetSpec

CLASSES = TargetSpec(kind="classes", column="label", names=("sit", "stand", "walk"))
REAL = TargetSpec(kind="real", column="value")
# the same classes, made of attributes: "moving and sitting" is a combination that no class has
JOINT = TargetSpec(
    kind="classes",
    column="label",
    names=CLASSES.names,
    attributes=(
        Attribute(name="motion", values=("still", "moving"), of_class=(0, 0, 1)),
        Attribute(name="height", values=("low", "high"), of_class=(0, 1, 1), ordered=True),
    ),
)
GRID = TargetSpec(kind="grid", column="rain", shape=(1, 20, 20), leads=(10.0,), unit="mm/h")
# what may be predicted for each kind of data
TARGETS = {"classes": CLASSES, "real": REAL, "grid": GRID}
SHAPES = {"windows": (16, 3), "table": (4,), "images": (20, 16, 3), "frames": (4, 20, 20)}
NAMES = {
    "windows": ("x", "y", "z"),
    "table": ("c0", "c1", "c2", "c3"),
    "images": ("red", "green", "blue"),
    "frames": ("t-3", "t-2", "t-1", "t-0"),
}


def tiny_inputs(kind: str, y: np.ndarray, seed: int = 0) -> np.ndarray:
    """Inputs of a kind in which the target `y` can be seen, with noise: float32, pictures uint8."""
    shape = SHAPES[kind]
    noise = np.random.default_rng(seed).normal(size=(len(y), *shape)).astype(np.float32)
    level = y.reshape(len(y), *([1] * len(shape))).astype(np.float32)
    if kind == "table":
        return noise + level
    if kind == "images":
        ramp = np.linspace(-1, 1, shape[0], dtype=np.float32)[None, :, None, None]
        return np.clip(90 + 40 * level * (1 + ramp) + 12 * noise, 0, 255).astype(np.uint8)
    wave = np.sin(np.arange(shape[0], dtype=np.float32)[None, :, None] * (1 + level))
    return 0.3 * noise + wave * (1 + level)


def tiny_data(
    kind: str = "windows", target: str = "classes", groups: int = 6, each: int = 6, seed: int = 0
) -> Dataset:
    """`groups` units of `each` samples, every class in every unit; frames always have a grid to predict."""
    if kind == "frames":
        return tiny_frames(groups, each, seed)
    n = groups * each
    rng = np.random.default_rng(seed)
    codes = np.tile(np.arange(3), n // 3 + 1)[:n]
    y = codes.astype(np.int64) if target == "classes" else codes + rng.normal(scale=0.1, size=n)
    return Dataset(
        kind,
        ids=np.array([f"s{i:03}" for i in range(n)]),
        source=tiny_inputs(kind, y, seed),
        names=NAMES[kind],
        target=y,
        groups=np.repeat([f"g{i}" for i in range(groups)], each),
        order=np.arange(n, dtype=np.float64),
    )


def tiny_frames(groups: int = 6, each: int = 6, seed: int = 0) -> Dataset:
    """Simulated showers that move by whole pixels: four frames in mm/h, the next one to predict, with its flow."""
    n, steps, side = groups * each, SHAPES["frames"][0] + 1, SHAPES["frames"][1]
    rng = np.random.default_rng(seed)
    start, speed = rng.uniform(6, 13, (n, 2)), rng.integers(-1, 2, (n, 2))
    middle = start[:, None] + np.arange(steps)[:, None] * speed[:, None]  # (n, steps, 2)
    y, x = (np.arange(side) - middle[..., axis, None] for axis in (0, 1))
    rain = 8 * np.exp(-(y[..., :, None] ** 2 + x[..., None, :] ** 2) / rng.uniform(6, 20, (n, 1, 1, 1)))
    rain = np.where(rain < 0.1, 0, rain).astype(np.float32)
    moved = [np.roll(one[-2], tuple(shift), axis=(0, 1)) for one, shift in zip(rain, speed)]
    field = np.broadcast_to(speed[:, :, None, None], (n, 2, side, side))
    return Dataset(
        "frames",
        ids=np.array([f"s{i:03}" for i in range(n)]),
        source=rain[:, :-1],
        names=NAMES["frames"],
        target=rain[:, -2:].mean(axis=(1, 2, 3), dtype=np.float64),
        groups=np.repeat([f"g{i}" for i in range(groups)], each),
        order=np.arange(n, dtype=np.float64),
        grids=rain[:, -1:],
        flow=np.concatenate([np.stack(moved)[:, None], field], axis=1, dtype=np.float32),
    )


def with_gaps(X: np.ndarray, share: float = 0.1, seed: int = 0) -> np.ndarray:
    """A copy with a share of its values missing."""
    return np.where(np.random.default_rng(seed).random(X.shape) < share, np.float32(np.nan), X)
