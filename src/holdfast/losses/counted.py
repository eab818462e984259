"""What losses that know the class counts share."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import Field, field_validator

from holdfast.errors import BadInput
from holdfast.losses.base import Loss


class Counted(Loss):
    """A loss that treats classes by how many samples they have."""

    counts: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (), description="samples of each class; empty: counted in the training part"
    )

    @field_validator("counts")
    @classmethod
    def _not_all_zero(cls, counts: tuple[float, ...]) -> tuple[float, ...]:
        if counts and not any(counts):
            raise ValueError("expected at least one class with samples")
        return counts

    def for_counts(self, counts: np.ndarray) -> Self:
        if not self.counts:
            return self.model_copy(update={"counts": tuple(float(n) for n in counts)})
        if len(self.counts) != len(counts):
            raise BadInput(
                f"loss.{self.name}.counts: the target has {len(counts)} classes, got {len(self.counts)} counts;"
                " leave counts out, and they are counted in the training part"
            )
        return self

    def positive_counts(self, classes: int) -> np.ndarray:
        """Samples of each class, `(classes,)` float64, all equal where nothing was counted.

        A class without samples counts as the rarest class that has some, so that no value is infinite.
        """
        if not self.counts:
            return np.ones(classes)
        counts = np.array(self.counts)
        return np.where(counts > 0, counts, counts[counts > 0].min())
