"""Linear models of tables."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("logistic")
class Logistic(Estimator):
    """Multinomial logistic regression (scikit-learn)."""

    targets: ClassVar[frozenset[str]] = frozenset({"classes"})

    C: float = Field(0.1, gt=0, description="inverse strength of the L2 penalty")
    tol: float = Field(
        1e-3,
        gt=0,
        description="gradient at which the solver stops; 1e-4 took three times as long for the same score",
    )
    max_iter: int = Field(1000, ge=1, description="most steps of the solver")

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.C, tol=self.tol, max_iter=self.max_iter, random_state=seed % 2**32)


@component("ridge")
class RidgeRegression(Estimator):
    """Ridge regression (scikit-learn), for real targets."""

    targets: ClassVar[frozenset[str]] = frozenset({"real"})

    alpha: float = Field(1.0, gt=0, description="strength of the L2 penalty")

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.linear_model import Ridge

        return Ridge(alpha=self.alpha)
