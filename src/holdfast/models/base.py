"""What every model says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    from torch import nn

    from holdfast.data.dataset import Dataset


class Model(Component):
    """Either an Estimator or a Network."""

    kind: ClassVar[str] = "model"
    targets: ClassVar[frozenset[str]] = frozenset({"classes", "real"})
    takes: ClassVar[frozenset[str]] = frozenset({"table"})
    uses_flow: ClassVar[bool] = (
        False  # its frames come with optical flow's forecast and field as more channels
    )

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        """Raises BadInput where the model does not suit all training samples of a run, or a package is missing.

        Called before any work starts; `where` is the model's place in the recipe, with which the message begins.
        """
        return None


class Forecast(Model):
    """What is computed from a sample's own frames; it learns nothing.

    `forecast` gives frames `(b, leads, h, w)` in mm/h for `(b, channels, h, w)`, the names of whose channels it is given.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"grid"})
    takes: ClassVar[frozenset[str]] = frozenset({"frames"})

    def forecast(self, X: np.ndarray, names: tuple[str, ...], target: TargetSpec) -> np.ndarray:
        raise NotImplementedError


class Estimator(Model):
    """A scikit-learn estimator: `fit(X, y)`, and `predict_proba` for classes or `predict` for values.

    One that takes tables gets windows through the member's features.
    """

    # fit takes groups=, for what it holds out inside the training part
    uses_groups: ClassVar[bool] = False

    def weighted(self) -> bool:
        """Whether `fit` takes sample_weight=."""
        return True

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        raise NotImplementedError


class Network(Model):
    """A torch network on float32 `(b, steps, channels)`, images `(b, h, w, channels)` or frames `(b, channels, h, w)`.

    It gives logits `(b, classes)`, one value `(b, 1)`, or of frames `(b, leads, h, w)` in the scale of the prepared rain.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"windows"})
    has_backbone: ClassVar[bool] = False  # its module holds a timm model under `backbone`

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        raise NotImplementedError

    def start(self, net: nn.Module) -> None:
        """Load the weights that training starts from into a new net; most start from random ones."""
        return None
