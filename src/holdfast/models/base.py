"""What every model says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

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

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        """Raises BadInput where the model does not suit all training samples of a run, or a package is missing.

        Called before any work starts; `where` is the model's place in the recipe, with which the message begins.
        """
        return None


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
    """A torch network on float32 `(b, steps, channels)` or images `(b, h, w, channels)`.

    It gives logits `(b, classes)` or one value `(b, 1)`.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"windows"})
    has_backbone: ClassVar[bool] = False  # its module holds a timm model under `backbone`

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        raise NotImplementedError

    def start(self, net: nn.Module) -> None:
        """Load the weights that training starts from into a new net; most start from random ones."""
        return None
