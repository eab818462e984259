"""Linear discriminant analysis."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("lda")
class LinearDiscriminant(Estimator):
    """Linear discriminant analysis with a shrunk covariance (Ledoit and Wolf 2004; scikit-learn)."""

    targets: ClassVar[frozenset[str]] = frozenset({"classes"})

    shrinkage: Literal["auto"] | Annotated[float, Field(ge=0, le=1)] = Field(
        "auto", description="of the covariance; auto: by Ledoit and Wolf's formula"
    )
    solver: Literal["lsqr", "eigen"] = Field("lsqr", description="both take shrinkage; lsqr is quicker")

    def weighted(self) -> bool:
        return False

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        return LinearDiscriminantAnalysis(solver=self.solver, shrinkage=self.shrinkage)
