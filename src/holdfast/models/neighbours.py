"""Prediction by the nearest training samples."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("knn")
class NearestNeighbours(Estimator):
    """k nearest neighbours (Cover and Hart 1967; scikit-learn); nearer ones weigh more."""

    n_neighbors: int = Field(
        15,
        ge=1,
        description="training samples asked, or all there are; five gave over twice the log loss on phone sensors",
    )
    weights: Literal["distance", "uniform"] = Field(
        "distance", description="distance: by the inverse of the distance"
    )
    metric: Literal["euclidean", "manhattan", "cosine"] = Field("euclidean", description="the distance")

    def weighted(self) -> bool:
        return False

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

        machine = KNeighborsClassifier if target.kind == "classes" else KNeighborsRegressor
        return AtMostAll(machine(**self.model_dump(), n_jobs=threads))


class AtMostAll:
    """Asks all training samples where there are fewer than the neighbours wanted."""

    def __init__(self, estimator: Any):
        self.estimator = estimator

    def fit(self, X: np.ndarray, y: np.ndarray) -> AtMostAll:
        count = min(self.estimator.n_neighbors, len(X))
        self.estimator.set_params(n_neighbors=count).fit(X, y)
        self.classes_ = getattr(self.estimator, "classes_", None)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.estimator.predict(X)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return self.estimator.predict_proba(X)
