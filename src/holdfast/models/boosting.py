"""Gradient boosting of trees."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from holdfast.errors import BadInput
from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    from holdfast.data.dataset import Dataset


@component("lightgbm")
class LightGBM(Estimator):
    """Gradient boosting by LightGBM (Ke et al. 2017), with a fixed number of trees."""

    n_estimators: int = Field(200, ge=1, description="number of rounds")
    learning_rate: float = Field(0.1, gt=0, description="share of each round's step")
    num_leaves: int = Field(31, ge=2, description="most leaves of a tree")
    min_child_samples: int = Field(20, ge=1, description="fewest samples in a leaf")
    colsample_bytree: float = Field(1.0, gt=0, le=1, description="share of features a tree sees")
    subsample: float = Field(1.0, gt=0, le=1, description="share of samples a tree sees")
    reg_lambda: float = Field(0.0, ge=0, description="L2 penalty of leaf values")

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from lightgbm import LGBMClassifier, LGBMRegressor

        machine = LGBMClassifier if target.kind == "classes" else LGBMRegressor
        return machine(
            **self.model_dump(),
            subsample_freq=1 if self.subsample < 1 else 0,
            random_state=seed % 2**31,
            n_jobs=threads,
            deterministic=True,
            force_row_wise=True,
            verbosity=-1,
        )


@component("xgboost")
class XGBoost(Estimator):
    """Gradient boosting by XGBoost (Chen and Guestrin 2016), by histograms, with a fixed number of trees."""

    n_estimators: int = Field(200, ge=1, description="number of rounds")
    learning_rate: float = Field(0.1, gt=0, description="share of each round's step")
    max_depth: int = Field(6, ge=1, description="most levels of a tree")
    min_child_weight: float = Field(1.0, ge=0, description="least sum of second derivatives in a leaf")
    colsample_bytree: float = Field(1.0, gt=0, le=1, description="share of features a tree sees")
    subsample: float = Field(1.0, gt=0, le=1, description="share of samples a tree sees")
    reg_lambda: float = Field(1.0, ge=0, description="L2 penalty of leaf values")

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        must_be_installed("xgboost", where)

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from xgboost import XGBClassifier, XGBRegressor

        settings = {
            **self.model_dump(),
            "tree_method": "hist",
            "random_state": seed % 2**31,
            "n_jobs": threads,
            "verbosity": 0,
        }
        return Coded(XGBClassifier(**settings)) if target.kind == "classes" else XGBRegressor(**settings)


@component("catboost")
class CatBoost(Estimator):
    """Gradient boosting of symmetric trees by CatBoost (Prokhorenkova et al. 2018), with a fixed number of trees."""

    iterations: int = Field(300, ge=1, description="number of rounds")
    learning_rate: float = Field(0.1, gt=0, description="share of each round's step")
    depth: int = Field(6, ge=1, le=16, description="levels of each tree")
    l2_leaf_reg: float = Field(3.0, ge=0, description="L2 penalty of leaf values")
    border_count: int = Field(
        64,
        ge=1,
        le=65535,
        description="splits tried for each feature; 254, its own default, takes three times as long",
    )

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        must_be_installed("catboost", where)

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from catboost import CatBoostClassifier, CatBoostRegressor

        settings = {
            **self.model_dump(),
            "random_seed": seed % 2**31,
            "thread_count": threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }
        return (
            Coded(CatBoostClassifier(**settings))
            if target.kind == "classes"
            else CatBoostRegressor(**settings)
        )


def must_be_installed(package: str, where: str) -> None:
    """Raises BadInput where a package of the extra `boosters` is missing."""
    if find_spec(package) is None:
        raise BadInput(f"{where}: the package {package} is not installed: pip install holdfast[boosters]")


class Coded:
    """Gives a booster the codes 0, 1, … without holes that it expects; one class alone needs no trees."""

    def __init__(self, estimator: Any):
        self.estimator = estimator

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Coded:
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) > 1:
            self.estimator.fit(X, codes, sample_weight=sample_weight)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        if len(self.classes_) == 1:
            return np.ones((len(X), 1))
        return np.asarray(self.estimator.predict_proba(X))
