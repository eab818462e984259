"""Changes drawn from a list of fourteen."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from holdfast.augment.own_generator import numbers_from
from holdfast.augment.picture import PictureAugmentation
from holdfast.recipe.registry import component
from holdfast.vision import pillow, torchvision

BINS = Field(31, ge=2, description="steps of the scale that strengths are drawn from; as in torchvision")


class DrawnByTorchvision(PictureAugmentation):
    """One of torchvision's classes that draw their own numbers; PIL pictures take two thirds of a tensor's time."""

    libraries: ClassVar = (torchvision, pillow)

    def transform(self) -> Any:
        raise NotImplementedError

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        torchvision()
        transform, image = self.transform(), pillow()
        out = np.empty_like(batch)
        for item, key in enumerate(keys):
            with numbers_from(int(key)):
                out[item] = np.asarray(transform(image.fromarray(batch[item])))
        return out, targets


@component("rand_augment")
class RandAugment(DrawnByTorchvision):
    """Change each picture by some operations drawn from fourteen, at one strength (RandAugment, Cubuk et al. 2020)."""

    num_ops: int = Field(2, ge=1, le=14, description="operations a picture")
    magnitude: int = Field(
        9, ge=0, description="strength of all of them: a step of the scale, 0 being the least"
    )
    num_magnitude_bins: int = BINS

    @model_validator(mode="after")
    def _on_the_scale(self) -> Self:
        if self.magnitude >= self.num_magnitude_bins:
            raise ValueError(
                f"magnitude: expected a step below num_magnitude_bins ({self.num_magnitude_bins}), got {self.magnitude}"
            )
        return self

    def transform(self) -> Any:
        from torchvision.transforms import v2

        return v2.RandAugment(self.num_ops, self.magnitude, self.num_magnitude_bins)


@component("trivial_augment_wide")
class TrivialAugmentWide(DrawnByTorchvision):
    """Change each picture by one operation at a strength, both drawn evenly (Müller and Hutter 2021): nothing to tune."""

    num_magnitude_bins: int = BINS

    def transform(self) -> Any:
        from torchvision.transforms import v2

        return v2.TrivialAugmentWide(self.num_magnitude_bins)
