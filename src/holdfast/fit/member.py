"""One member on one training part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.fit.bag import Bag, fit_bag
from holdfast.fit.forecast import FittedForecast
from holdfast.fit.part import of_part
from holdfast.fit.resolved import MemberSpec
from holdfast.models.base import Forecast, Network
from holdfast.recipe.target import TargetSpec
from holdfast.store.plain import load_either


class Fitted(Protocol):
    """What a fit gives."""

    def predict(self, data: Dataset) -> np.ndarray:
        """Probabilities `(n, classes)`, values `(n,)` or grids `(n, leads, h, w)` in mm/h; float32."""
        ...

    def save(self, folder: Path) -> None: ...

    @property
    def facts(self) -> dict[str, Any]:
        """What the fit found out, as plain values: a learned hierarchy, the columns that were kept."""
        ...


def fit_member(
    member: MemberSpec, train: Dataset, target: TargetSpec, seed: int, threads: int,
    report: Callable[[dict[str, Any]], None] = lambda event: None, folder: Path | None = None, mark: str = "",
    start: Path | None = None, unlabelled: Sequence[Dataset] = (),
) -> Fitted:  # fmt: skip
    """Fit a member on a training part.

    With a folder, a network leaves checkpoints there, and resumes from one of equal `mark`. `start`: a file
    of another run's weights, which a network starts from. `unlabelled`: more pictures for its pretraining.
    """
    if member.seeds > 1:
        one = replace(member, seeds=1)

        def fit(own: int, inside: Path | None) -> Fitted:
            tell = report if inside is None else of_part(report, inside.name)
            return fit_member(one, train, target, own, threads, tell, inside, mark, start, unlabelled)

        return fit_bag(member.seeds, seed, folder, mark, fit, load_fitted)
    if isinstance(member.model, Forecast):
        return FittedForecast(member.model, target, member.at_test_time)
    if isinstance(member.model, Network):
        from holdfast.fit.network import fit_network

        return fit_network(member, train, target, seed, folder, mark, report, start, unlabelled)
    from holdfast.fit.estimator import fit_estimator

    return fit_estimator(member, train, target, seed, threads)


def load_fitted(folder: Path) -> Fitted:
    """The fitted member that `save` left in a fold's folder. A pickle runs code: load only what you trust."""
    if seeds := sorted(folder.glob("seed-*"), key=lambda path: int(path.name.removeprefix("seed-"))):
        return Bag([load_fitted(one) for one in seeds])
    fitted = load_either(folder / "model")
    weights = folder / "weights.safetensors"
    if weights.is_file():
        from safetensors.torch import load_file

        fitted.net.load_state_dict(load_file(weights))
    return fitted
