"""A model inside a model: what it must be, and how it is fitted."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.errors import BadInput
from holdfast.models.base import Estimator
from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    from holdfast.data.dataset import Dataset


def estimator_inside(model: Component) -> Estimator:
    """The nested model, known to be an estimator since `check_inside` let it pass."""
    assert isinstance(model, Estimator)
    return model


def check_inside(
    model: Component, takes: Collection[str], target: TargetSpec, train: Dataset, where: str
) -> None:
    """Raises BadInput where a nested model is a network, takes other inputs, or refuses by its own check."""
    if not isinstance(model, Estimator):
        raise BadInput(
            f"{where}: {model.name} is a network; expected an estimator, such as logistic or lightgbm"
        )
    if not model.takes & set(takes):
        raise BadInput(
            f"{where}: {model.name} takes {' or '.join(sorted(model.takes))}, expected a model of"
            f" {' or '.join(sorted(takes))}"
        )
    if target.kind not in model.targets:
        raise BadInput(
            f"{where}: {model.name} predicts {' or '.join(sorted(model.targets))}, the target is {target.kind}"
        )
    model.check(target, train, f"{where}.{model.name}")


def fit_inside(
    model: Estimator, target: TargetSpec, seed: int, threads: int,
    X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, groups: np.ndarray | None,
) -> Any:  # fmt: skip
    """The nested model fitted, given weights and groups where it takes them."""
    arguments: dict[str, Any] = {}
    if weights is not None:
        arguments["sample_weight"] = weights
    if model.uses_groups:
        arguments["groups"] = groups
    estimator = model.build(target, seed, threads)
    estimator.fit(X, y, **arguments)
    if hasattr(estimator, "n_jobs"):  # with one thread trees vote in the same order always
        estimator.set_params(n_jobs=1)
    return estimator
