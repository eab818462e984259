"""Gradient boosting of trees."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


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
