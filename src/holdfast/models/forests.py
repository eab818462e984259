"""Forests of trees (scikit-learn)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


class _Forest(Estimator):
    n_estimators: int = Field(300, ge=1, description="number of trees")
    max_features: Literal["sqrt", "log2"] | float = Field("sqrt", description="features tried at a split")
    min_samples_leaf: int = Field(1, ge=1, description="fewest samples in a leaf")
    max_depth: int | None = Field(None, ge=1, description="most levels; null: until leaves are pure")

    def _arguments(self, seed: int, threads: int) -> dict[str, Any]:
        return {**self.model_dump(), "random_state": seed % 2**32, "n_jobs": threads}


@component("random_forest")
class RandomForest(_Forest):
    """Random forest (Breiman 2001)."""

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        forest = RandomForestClassifier if target.kind == "classes" else RandomForestRegressor
        return forest(**self._arguments(seed, threads))


@component("extra_trees")
class ExtraTrees(_Forest):
    """Extremely randomized trees (Geurts, Ernst and Wehenkel 2006)."""

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        forest = ExtraTreesClassifier if target.kind == "classes" else ExtraTreesRegressor
        return forest(**self._arguments(seed, threads))
