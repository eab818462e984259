"""Support vector classification."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from holdfast.models.base import Estimator
from holdfast.models.calibrated import DecisionCalibrated
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("svc")
class Svc(Estimator):
    """Support vector machine (scikit-learn's SVC); probabilities by a logistic fit on inner, group-aware folds."""

    targets: ClassVar[frozenset[str]] = frozenset({"classes"})
    uses_groups: ClassVar[bool] = True

    C: float = Field(10.0, gt=0, description="inverse strength of the penalty")
    kernel: Literal["rbf", "linear", "poly", "sigmoid"] = Field("rbf", description="of the similarity")
    gamma: Literal["scale", "auto"] | float = Field("scale", description="width of the kernel")
    inner: int = Field(3, ge=2, description="inner folds that calibrate the probabilities")

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.svm import SVC

        machine = SVC(
            C=self.C, kernel=self.kernel, gamma=self.gamma, decision_function_shape="ovr", cache_size=500
        )
        return DecisionCalibrated(machine, self.inner, seed)
