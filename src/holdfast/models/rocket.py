"""Random convolutional kernels (aeon's transforms) under a linear head that gives calibrated probabilities."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


class _Rocket(Estimator):
    takes: ClassVar[frozenset[str]] = frozenset({"windows"})
    uses_groups: ClassVar[bool] = True
    transform: ClassVar[str]

    head: Literal["ridge", "logistic"] = Field(
        "ridge",
        description="ridge: penalty and calibration from inner group-aware folds; logistic: penalty C",
    )
    C: float = Field(0.01, gt=0, description="inverse strength of the logistic head's penalty")
    inner: int = Field(4, ge=2, description="inner folds of the ridge head")

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from holdfast.models.rocket_head import KernelRidge, LogisticHead, RocketEstimator

        if self.head == "logistic" and target.kind == "real":
            raise ValueError("model: the logistic head is for classes; use head: ridge")
        head = (
            KernelRidge(target.kind, self.inner, seed) if self.head == "ridge" else LogisticHead(self.C, seed)
        )
        return RocketEstimator(self.transform, self._kernels(), head, seed, threads)

    def _kernels(self) -> int:
        raise NotImplementedError


@component("minirocket")
class MiniRocket(_Rocket):
    """MiniRocket (Dempster, Schmidt and Webb 2021)."""

    transform: ClassVar[str] = "MiniRocket"

    n_kernels: int = Field(10_000, ge=84, description="features made, about")

    def _kernels(self) -> int:
        return self.n_kernels


@component("multirocket")
class MultiRocket(_Rocket):
    """MultiRocket (Tan et al. 2022): four pooled values a kernel, of the series and of its differences."""

    transform: ClassVar[str] = "MultiRocket"

    n_kernels: int = Field(
        2_500, ge=84, description="kernels of each of the two series; about 8 features each"
    )

    def _kernels(self) -> int:
        return self.n_kernels
