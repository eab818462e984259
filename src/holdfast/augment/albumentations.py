"""Any change of the package albumentations, where it is installed."""

from __future__ import annotations

import importlib
import os
import warnings
from importlib.util import find_spec
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.errors import BadInput
from holdfast.recipe.registry import component
from holdfast.recipe.strict import nearest

WHERE = "augment.albumentations"
# The last one under the MIT licence; those before 2 draw from global generators or name fields otherwise.
INSTALL = 'pip install "albumentations>=2,<=2.0.8"'


@component("albumentations")
class Albumentations(Augmentation):
    """Change each picture by a class of albumentations (Buslaev et al. 2020), its random numbers from the picture's key."""

    takes: ClassVar[frozenset[str]] = frozenset({"images"})
    package: ClassVar[str | None] = "albumentations"

    transform: str = Field(
        alias="name",
        description="the class, as albumentations names it; it must keep the picture's size",
        examples=["HorizontalFlip"],
    )
    fields: dict[str, Any] = Field({}, description="what the class takes, its share p included")

    def for_channels(self, names: tuple[str, ...]) -> Self:
        self._made()  # raises BadInput now, not in the first epoch
        return self

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        change = self._made()
        out = np.empty_like(batch)
        for item, key in enumerate(keys):
            change.set_random_seed(int(key))
            picture = change(image=batch[item].copy())["image"]
            if picture.shape != batch.shape[1:] or picture.dtype != batch.dtype:
                raise BadInput(
                    f"{WHERE}.name: {self.transform} makes {picture.dtype} {picture.shape} of a picture of"
                    f" {batch.dtype} {batch.shape[1:]}; take one that keeps size and type"
                )
            out[item] = picture
        return out, targets

    def _made(self) -> Any:
        """The working object. Raises BadInput where the package, the class or a field of it is not there."""
        maker = self._class()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # how it speaks of a field that it does not know
                return maker(**self.fields)
        except (ValueError, TypeError, UserWarning) as error:
            said = " ".join(str(error).split())
            raise BadInput(f"{WHERE}.fields: {self.transform} does not take them: {said}") from error

    def _class(self) -> Any:
        if find_spec("albumentations") is None:
            raise BadInput(f"{WHERE}: the package albumentations is not installed: {INSTALL}")
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # or it asks the internet for a newer version
        package = importlib.import_module("albumentations")
        base = package.ImageOnlyTransform, package.DualTransform
        found = {
            name: value
            for name, value in vars(package).items()
            if isinstance(value, type) and issubclass(value, base) and value not in base
        }
        if self.transform not in found:
            raise BadInput(f"{WHERE}.name: no class {self.transform!r}; {nearest(self.transform, found)}")
        if not hasattr(found[self.transform], "set_random_seed"):
            raise BadInput(f"{WHERE}: this version takes no seed of its own: {INSTALL}")
        return found[self.transform]
