"""What losses with thresholds of rain share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, field_validator

from holdfast.losses.base import Loss


class AtRates(Loss):
    """A loss of grids with thresholds: in mm/h in a recipe, in the scale of prepared rain after `for_rates`."""

    targets: ClassVar[frozenset[str]] = frozenset({"grid"})

    thresholds: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (0.1, 1.0, 5.0), min_length=1, description="rates in mm/h, rising"
    )

    @field_validator("thresholds")
    @classmethod
    def _rise(cls, thresholds: tuple[float, ...]) -> tuple[float, ...]:
        if list(thresholds) != sorted(set(thresholds)):
            raise ValueError(f"expected rates that rise, got {list(thresholds)}")
        return thresholds

    def for_rates(self, to_scale: Callable[[np.ndarray], np.ndarray]) -> Self:
        scaled = to_scale(np.array(self.thresholds, dtype=np.float32))
        return self.model_copy(update={"thresholds": tuple(float(one) for one in scaled)})
