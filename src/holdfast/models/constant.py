"""The floor: what one can say without looking."""

from __future__ import annotations

from typing import Any, ClassVar

from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("constant")
class Constant(Estimator):
    """The training part's class shares, or its mean, for every sample (scikit-learn's dummies)."""

    takes: ClassVar[frozenset[str]] = frozenset({"table", "windows"})

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.dummy import DummyClassifier, DummyRegressor

        return (
            DummyClassifier(strategy="prior") if target.kind == "classes" else DummyRegressor(strategy="mean")
        )
