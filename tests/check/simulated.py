"""Simulated data with a planted fault or none, and folds of any kind, for the leak checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.data.dataset import Dataset
from holdfast.folds.table import Folds
from holdfast.recipe.load import load_recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import TARGETS

RECIPE: dict[str, Any] = {
    "metric": "accuracy",
    "folds": {"kind": "stratified_group", "k": 3},
    "members": {"a": {"model": "logistic"}},
}


def windows(groups: int = 8, each: int = 20, steps: int = 64, seed: int = 0) -> Dataset:
    """Simulated motion: each window a few waves of its own phase and pace, a class has its rhythm; noise; no copies."""
    rng = np.random.default_rng(seed)
    n = groups * each
    y = rng.integers(0, 3, n)
    time = np.arange(steps)[None, :, None] / steps
    X = rng.normal(scale=0.2, size=(n, steps, 3))
    for wave in range(1, 6):
        pace = (wave + y[:, None, None]) * rng.uniform(0.7, 1.4, (n, 1, 1))
        X += rng.normal(size=(n, 1, 3)) * np.sin(2 * np.pi * (pace * time + rng.random((n, 1, 3))))
    return made("windows", X.astype(np.float32), y, groups, ("x", "y", "z"))


def table(groups: int = 8, each: int = 20, features: int = 8, seed: int = 0) -> Dataset:
    """Simulated rows: the class moves every feature a little."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, groups * each)
    X = rng.normal(size=(len(y), features)) + 0.4 * y[:, None]
    return made("table", X.astype(np.float32), y, groups, tuple(f"f{i}" for i in range(features)))


def photos(groups: int = 8, each: int = 12, height: int = 48, width: int = 64, seed: int = 0) -> Dataset:
    """Simulated photos: smooth random scenes with fine grain."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, groups * each)
    scene = gaussian_filter(rng.normal(size=(len(y), height, width, 3)), (0, 5, 5, 0))
    grain = rng.normal(scale=4, size=scene.shape)
    X = np.clip(120 + 10 * y[:, None, None, None] + 45 * scene / scene.std() + grain, 0, 255).astype(np.uint8)
    return made("images", X, y, groups, ("red", "green", "blue"))


def frames(groups: int = 6, each: int = 6, seed: int = 0) -> Dataset:
    """Simulated rain fields, each group a sequence; samples of four frames that do not overlap."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    n = groups * each
    field = gaussian_filter(rng.normal(size=(n, 5, 16, 16)), (0, 1, 2, 2))
    rain = np.clip(field / field.std() * 4, 0, None).astype(np.float32)
    data = made(
        "frames", rain[:, :4], rain.mean(axis=(1, 2, 3)).astype(np.float64), groups, ("a", "b", "c", "d")
    )
    return replace(data, grids=rain[:, 4:])


def made(kind: str, X: np.ndarray, y: np.ndarray, groups: int, names: tuple[str, ...]) -> Dataset:
    n = len(y)
    ids = np.array([f"s{i:04}" for i in np.random.default_rng(9).permutation(n)])
    return Dataset(kind, ids, X, names, y, np.repeat([f"g{i}" for i in range(groups)], n // groups))


MAKERS = {"windows": windows, "table": table, "images": photos, "frames": frames}


def folds_of(data: Dataset, k: int = 4) -> Folds:
    """Whole groups in turn."""
    assert data.groups is not None
    return hand(np.unique(data.groups, return_inverse=True)[1] % k)


def hand(fold: np.ndarray) -> Folds:
    """Folds as given, unasserted."""
    k = int(fold.max()) + 1
    return Folds(fold[None], (tuple(np.zeros(0, dtype=int) for _ in range(k)),), {"kind": "by hand"})


def seen_of(data: Dataset, folds: Folds | None = None, test: Dataset | None = None, **recipe: Any) -> Seen:
    target: TargetSpec = TARGETS["grid"] if data.kind == "frames" else TARGETS["classes"]
    if data.kind != "frames" and data.target is not None and data.target.dtype.kind == "f":
        target = TARGETS["real"]
    made_recipe = load_recipe({**RECIPE, **recipe})
    return Seen(made_recipe, data, target, test, None, folds)


def with_inputs(data: Dataset, X: np.ndarray) -> Dataset:
    return replace(data, source=X)


def copied(data: Dataset, pairs: list[tuple[int, int]], change: Any = lambda one: one) -> Dataset:
    """The inputs of the second of each pair are those of the first, changed."""
    X = data.source.copy()
    for one, other in pairs:
        X[other] = change(X[one])
    return with_inputs(data, X)


def found(check: type[Check], seen: Seen) -> Finding:
    finding = check().run(seen)
    assert finding.code == check.code
    assert finding.said
    return finding


def shifted(
    steps: int, noise: float, scale: float = 1.0, seed: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
    """A window some steps later: what was before it comes in; noise as a share of the window's spread."""
    rng = np.random.default_rng(seed)

    def change(one: np.ndarray) -> np.ndarray:
        moved = np.roll(one, steps, axis=0)
        moved[: max(steps, 0)] = rng.normal(scale=one.std(), size=moved[: max(steps, 0)].shape)
        return scale * (moved + rng.normal(scale=noise * one.std(), size=one.shape))

    return change
