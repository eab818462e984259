"""Gaussian processes, for small data."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from holdfast.errors import BadInput
from holdfast.models.base import Estimator
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    from holdfast.data.dataset import Dataset

REACH = 100.0  # the length scale may move so many times up or down from where it starts


@component("gaussian_process")
class GaussianProcess(Estimator):
    """Gaussian process (Rasmussen and Williams 2006; scikit-learn) whose kernel is fitted by marginal likelihood.

    Classes: one against the rest, by Laplace's approximation. Its time grows with the cube of the rows.
    """

    kernel: Literal["rbf", "matern"] = Field(
        "rbf", description="of the similarity; matern (ν = 1.5) is less smooth"
    )
    max_rows: int = Field(
        1000,
        ge=1,
        description="more samples are refused, since ten times the rows take a thousand times as long",
    )

    def weighted(self) -> bool:
        return False

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        refuse_more(len(train), self.max_rows, where)

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        return ProcessEstimator(self.kernel, self.max_rows, target.kind, seed)


def refuse_more(rows: int, most: int, where: str) -> None:
    """Raises BadInput where there are more than `most` rows."""
    if rows > most:
        raise BadInput(
            f"{where}: {rows} samples, max_rows is {most}; take svc or logistic, or raise max_rows if you can wait"
        )


class ProcessEstimator:
    """scikit-learn's Gaussian process with a kernel that starts at the scale of the data."""

    def __init__(self, kernel: str, max_rows: int, kind: str, seed: int):
        self.kernel, self.max_rows, self.kind, self.seed = kernel, max_rows, kind, seed

    def fit(self, X: np.ndarray, y: np.ndarray) -> ProcessEstimator:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor

        refuse_more(len(X), self.max_rows, "gaussian_process")  # balance may have added some
        state = self.seed % 2**32
        kernel = self._kernel(X.shape[1])
        self.machine_ = (
            GaussianProcessClassifier(kernel, random_state=state)
            if self.kind == "classes"
            else GaussianProcessRegressor(kernel, normalize_y=True, random_state=state)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a scale that ends at its bound is no fault
            self.machine_.fit(X.astype(np.float64), y)
        self.classes_ = getattr(self.machine_, "classes_", None)
        return self

    def _kernel(self, features: int) -> Any:
        """Standardized samples lie about √(2·features) apart: from a length of 1 the optimizer sees no slope."""
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

        start = float(np.sqrt(features))
        bounds = (start / REACH, start * REACH)
        shape = RBF(start, bounds) if self.kernel == "rbf" else Matern(start, bounds, nu=1.5)
        scaled = ConstantKernel(1.0, (1e-3, 1e3)) * shape
        return scaled if self.kind == "classes" else scaled + WhiteKernel(0.1, (1e-6, 1e1))

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.machine_.predict(X)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return self.machine_.predict_proba(X)
