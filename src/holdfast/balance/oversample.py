"""More samples of rare classes, each a changed copy of a training sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from holdfast.augment.roll import roll
from holdfast.balance.base import Balance
from holdfast.keys import item_keys, normals, uniforms
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("oversample")
class Oversample(Balance):
    """Copy samples of chosen classes, rolled in time and with noise, so that no copy equals its original."""

    classes: tuple[str, ...] = Field((), description="classes to copy; empty: all but those under except")
    except_: tuple[str, ...] = Field((), alias="except", description="classes not to copy")
    times: int = Field(1, ge=1, description="copies of each chosen sample (two and more tend to overfit)")
    share: float | None = Field(
        None, gt=0, le=1, description="in place of times: copy up to this share of the largest class's count"
    )
    roll: bool = Field(True, description="roll each copy in time by a random shift (windows only)")
    noise: float = Field(
        0.03, ge=0, description="normal noise, as a share of each channel's deviation in the training part"
    )

    @model_validator(mode="before")
    @classmethod
    def _names_as_text(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for field in ("classes", "except", "except_"):
                if isinstance(value.get(field), list | tuple):
                    value = {**value, field: [str(name) for name in value[field]]}
        return value

    def check(self, target: TargetSpec) -> None:
        self._chosen(target)

    def _chosen(self, target: TargetSpec) -> np.ndarray:
        """Codes of the classes to copy."""
        chosen = np.arange(target.n_classes)
        if self.classes:
            chosen = target.codes_of(list(self.classes), "balance.oversample.classes")
        return np.setdiff1d(chosen, target.codes_of(list(self.except_), "balance.oversample.except"))

    def extra(
        self, X: np.ndarray, y: np.ndarray, target: TargetSpec, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        rows, copies = self._copies(y, self._chosen(target), np.random.default_rng(seed))
        if len(rows) == 0:
            return None
        keys = item_keys(seed, rows, copies)
        new = X[rows]
        if self.roll and X.ndim == 3:
            new = roll(new, np.floor(uniforms(keys, 1)[:, 0] * X.shape[1]).astype(np.int64))
        if self.noise:
            axes = tuple(range(X.ndim - 1))
            new = new + normals(keys, X.shape[1:]) * (self.noise * X.std(axis=axes, dtype=np.float64)).astype(
                np.float32
            )
        return new, y[rows], rows

    def _copies(
        self, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows to copy, and the number of each copy of a row."""
        if self.share is None:
            rows = np.flatnonzero(np.isin(y, chosen))
            return np.tile(rows, self.times), np.repeat(np.arange(1, self.times + 1), len(rows))
        counts = np.bincount(y)
        goal = int(self.share * counts.max())
        rows_of, copies_of = [], []
        for code in chosen:
            mine = np.flatnonzero(y == code)
            wanted = goal - len(mine)
            if len(mine) == 0 or wanted <= 0:
                continue
            order = rng.permutation(mine)
            rows_of.append(np.resize(order, wanted))
            copies_of.append(1 + np.arange(wanted) // len(mine))
        if not rows_of:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        return np.concatenate(rows_of), np.concatenate(copies_of)
