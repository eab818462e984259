"""Learning from parts of windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from holdfast.errors import BadInput
from holdfast.features.base import Features, table_of
from holdfast.models.base import Estimator
from holdfast.models.nested import check_inside, estimator_inside, fit_inside
from holdfast.recipe.registry import Component, Named, component, parse
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    from holdfast.data.dataset import Dataset

FEATURES = "window_statistics"  # where the recipe names none


@component("sub_windows")
class SubWindows(Estimator):
    """A model of sliding parts of each window; a window's prediction is the mean over its parts (window slicing).

    Slices as in Le Guennec, Malinowski and Tavenard (2016). Parts of one window, and of one group, stay together
    wherever the inner model holds some out. Training rows grow by the number of parts; ridge heads of the rocket
    family need memory by the square of that.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"windows"})
    uses_groups: ClassVar[bool] = True

    length: int = Field(ge=2, description="steps of a part", examples=[8])
    hop: int | None = Field(
        None,
        ge=1,
        description="steps from one part to the next, what is left at the end is not seen; null: half the length",
    )
    model: Annotated[Component, Named("model")] = Field("minirocket", description="learns from the parts")  # type: ignore[assignment]
    features: Annotated[Component, Named("features")] | None = Field(
        None, description="of each part, standardized, where the model takes tables; null: window_statistics"
    )

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        refuse_longer(self.length, train.shape[0], f"{where}.length")
        check_inside(self.model, {"windows", "table"}, target, train, f"{where}.model")
        if self.features is not None and "windows" in estimator_inside(self.model).takes:
            raise BadInput(
                f"{where}.features: {self.model.name} takes windows as they are; leave features out"
            )

    def weighted(self) -> bool:
        return estimator_inside(self.model).weighted()

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        return SubWindowEstimator(self, target, seed, threads)


def refuse_longer(length: int, steps: int, where: str) -> None:
    """Raises BadInput where a part would be longer than the windows."""
    if length > steps:
        raise BadInput(
            f"{where}: parts of {length} steps, the windows have {steps}; expected {steps} or fewer"
        )


def parts_of(X: np.ndarray, length: int, hop: int) -> np.ndarray:
    """`(n, steps, channels)` → `(n, parts, length, channels)`, a copy.

    >>> parts_of(np.arange(7.0).reshape(1, 7, 1), 3, 2)[0, :, :, 0].tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]]
    """
    views = np.lib.stride_tricks.sliding_window_view(X, length, axis=1)[:, ::hop]
    return np.ascontiguousarray(views.transpose(0, 1, 3, 2))


class SubWindowEstimator:
    """`fit(X, y)` on windows without gaps: the inner model on all parts of all windows."""

    def __init__(self, spec: SubWindows, target: TargetSpec, seed: int, threads: int):
        self.spec, self.target, self.seed, self.threads = spec, target, seed, threads
        model = estimator_inside(spec.model)
        self.features = None if "windows" in model.takes else spec.features or parse("features", FEATURES)

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> SubWindowEstimator:
        refuse_longer(self.spec.length, X.shape[1], "sub_windows.length")  # preparation may have cut windows
        rows, count = self._rows(X)
        if self.features is not None:
            from sklearn.preprocessing import StandardScaler

            self.scaler_ = StandardScaler()
            rows = self.scaler_.fit_transform(rows)
        units = np.arange(len(X)) if groups is None else groups
        self.inner_ = fit_inside(
            estimator_inside(self.spec.model),
            self.target,
            self.seed,
            self.threads,
            rows,
            np.repeat(y, count),
            None if sample_weight is None else np.repeat(sample_weight, count),
            np.repeat(units, count),
        )
        self.classes_ = getattr(self.inner_, "classes_", None)
        self.facts_ = getattr(self.inner_, "facts_", {})
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        rows, count = self._scaled(X)
        return np.asarray(self.inner_.predict(rows), dtype=np.float64).reshape(-1, count).mean(axis=1)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        rows, count = self._scaled(X)
        shares = np.asarray(self.inner_.predict_proba(rows), dtype=np.float64)
        return shares.reshape(len(X), count, -1).mean(axis=1)

    def _scaled(self, X: np.ndarray) -> tuple[np.ndarray, int]:
        rows, count = self._rows(X)
        return (rows if self.features is None else self.scaler_.transform(rows)), count

    def _rows(self, X: np.ndarray) -> tuple[np.ndarray, int]:
        """What the inner model sees of all parts, a window's parts in a row; and how many parts a window has."""
        parts = parts_of(X, self.spec.length, self.spec.hop or max(1, self.spec.length // 2))
        count = parts.shape[1]
        rows = parts.reshape(-1, *parts.shape[2:])
        if self.features is None:
            return rows, count
        assert isinstance(self.features, Features)
        return table_of([self.features], rows).astype(np.float64), count
