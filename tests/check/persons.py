"""Simulated persons, each a little otherwise, and what a check sees of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from holdfast.check.base import Seen
from holdfast.data.dataset import Dataset
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, GRID, tiny_data


def seen(data: Dataset, **more: Any) -> Seen:
    recipe = Recipe.model_construct(folds=None, data=None, seed=0)
    return Seen(recipe, data, GRID if data.kind == "frames" else CLASSES, **more)


def side_of(kind: str, seed: int, groups: int = 10, each: int = 9) -> Dataset:
    """Samples of persons, each of whom is a little otherwise in every channel."""
    data = tiny_data(kind, groups=groups, each=each, seed=seed)
    who = np.repeat(np.arange(groups), each)
    own = np.random.default_rng(seed + 100).normal(scale=0.2, size=groups)[who]
    source = np.array(data.source, dtype=np.float32)
    own = own.reshape(-1, *[1] * (source.ndim - 1))
    if kind == "images":
        return replace(data, source=np.clip(source + 20 * own, 0, 255).astype(np.uint8))
    return replace(data, source=source * np.exp(own) if kind == "frames" else source + own)
