"""Filling and scaling columns and channels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from holdfast.prepare.base import Preparation
from holdfast.recipe.registry import component


class _Standardizer:
    """scikit-learn's StandardScaler over the last axis, applied in the input's own precision."""

    def __init__(self) -> None:
        self.scaler: Any = None

    def partial_fit(self, X: np.ndarray) -> _Standardizer:
        if self.scaler is None:  # not before: scikit-learn takes seconds to import
            from sklearn.preprocessing import StandardScaler

            self.scaler = StandardScaler(copy=False)
        self.scaler.partial_fit(X.reshape(-1, X.shape[-1]).astype(np.float64))
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return (X - self.scaler.mean_.astype(X.dtype)) / self.scaler.scale_.astype(X.dtype)


@component("standardize")
class Standardize(Preparation):
    """Mean 0 and standard deviation 1 for each channel or column, as in the training part."""

    takes: ClassVar[frozenset[str]] = frozenset({"windows", "table"})

    def build(self, names: tuple[str, ...]) -> _Standardizer:
        return _Standardizer()


@component("impute")
class Impute(Preparation):
    """Fill missing values of a table with the column's median in the training part (scikit-learn's SimpleImputer)."""

    takes: ClassVar[frozenset[str]] = frozenset({"table"})
    before_augment: ClassVar[bool] = True

    def build(self, names: tuple[str, ...]) -> Any:
        from sklearn.impute import SimpleImputer

        return SimpleImputer(strategy="median", keep_empty_features=True)
