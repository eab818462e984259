"""Random convolutional kernels (aeon's transforms) under a linear head that gives calibrated probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from holdfast.errors import BadInput
from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    from holdfast.data.dataset import Dataset


class _Rocket(Estimator):
    takes: ClassVar[frozenset[str]] = frozenset({"windows"})
    uses_groups: ClassVar[bool] = True

    head: Literal["ridge", "logistic"] = Field(
        "ridge",
        description="ridge: penalty and calibration from inner group-aware folds; logistic: penalty C",
    )
    C: float = Field(0.01, gt=0, description="inverse strength of the logistic head's penalty")
    inner: int = Field(4, ge=2, description="inner folds of the ridge head")

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        if self.head == "logistic" and target.kind == "real":
            raise BadInput(f"{where}.head: logistic is for classes, the target is real; take ridge")

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from holdfast.models.rocket_head import KernelRidge, LogisticHead, RocketEstimator

        head = (
            KernelRidge(target.kind, self.inner, seed) if self.head == "ridge" else LogisticHead(self.C, seed)
        )
        return RocketEstimator(self._kernels(seed % 2**31, threads), head)

    def _kernels(self, seed: int, threads: int) -> Any:
        """The transform, not fitted yet."""
        raise NotImplementedError


@component("minirocket")
class MiniRocket(_Rocket):
    """MiniRocket (Dempster, Schmidt and Webb 2021)."""

    n_kernels: int = Field(10_000, ge=84, description="features made, about")

    def _kernels(self, seed: int, threads: int) -> Any:
        from holdfast.models.compiled.rocket_kernels import MiniRocketKernels

        return MiniRocketKernels(self.n_kernels, seed, threads)


@component("multirocket")
class MultiRocket(_Rocket):
    """MultiRocket (Tan et al. 2022): four pooled values a kernel, of the series and of its differences."""

    n_kernels: int = Field(
        2_500, ge=84, description="kernels of each of the two series; about 8 features each"
    )

    def _kernels(self, seed: int, threads: int) -> Any:
        from aeon.transformations.collection.convolution_based import MultiRocket as Kernels

        return Kernels(n_kernels=self.n_kernels, n_jobs=threads, random_state=seed)


@component("hydra")
class Hydra(_Rocket):
    """Hydra (Dempster, Schmidt and Webb 2023): in groups of kernels, counts of which one fits best at each step."""

    n_groups: int = Field(
        64, ge=2, description="groups of kernels for each dilation, half of them on the differences"
    )
    n_kernels: int = Field(8, ge=2, description="kernels of a group")

    def _kernels(self, seed: int, threads: int) -> Any:
        from holdfast.models.hydra_kernels import HydraKernels

        return HydraKernels(self.n_groups, self.n_kernels, seed, threads)


@component("multirocket_hydra")
class MultiRocketHydra(MultiRocket):
    """MultiRocket's and Hydra's features side by side (Dempster, Schmidt and Webb 2023), eight kernels a group."""

    n_groups: int = Field(64, ge=2, description="Hydra's groups of kernels for each dilation")

    def _kernels(self, seed: int, threads: int) -> Any:
        from holdfast.models.hydra_kernels import GROUP, Beside, HydraKernels

        return Beside(super()._kernels(seed, threads), HydraKernels(self.n_groups, GROUP, seed, threads))
