"""Several losses in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self, cast

import numpy as np
from pydantic import Field, model_validator

from holdfast.losses.base import Loss
from holdfast.recipe.registry import Component, Named, component

if TYPE_CHECKING:
    import torch


@component("sum")
class Sum(Loss):
    """Weighted sum of several losses, such as focal and soft_f1."""

    of: tuple[Annotated[Component, Named("loss")], ...] = Field(
        min_length=1, examples=[["focal", "soft_f1"]], description="the losses"
    )
    weights: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (), description="factor of each loss, in their order; empty: 1 for each"
    )

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.weights and len(self.weights) != len(self.of):
            raise ValueError(
                f"weights: expected one for each of {len(self.of)} losses, got {len(self.weights)}"
            )
        if len({part.targets for part in self.parts}) > 1:
            kinds = ", ".join(f"{part.name} for {part.targets}" for part in self.parts)
            raise ValueError(f"of: the losses are for different targets: {kinds}")
        return self

    @property
    def parts(self) -> tuple[Loss, ...]:
        return cast("tuple[Loss, ...]", self.of)

    @property
    def targets(self) -> str:  # type: ignore[override]
        return self.parts[0].targets

    @property
    def takes_shares(self) -> bool:  # type: ignore[override]
        return all(part.takes_shares for part in self.parts)

    def for_counts(self, counts: np.ndarray) -> Self:
        return self.model_copy(update={"of": tuple(part.for_counts(counts) for part in self.parts)})

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        import torch

        values = [part.value(outputs, targets, weights) for part in self.parts]
        factors = self.weights or (1.0,) * len(values)
        return torch.stack([factor * value for factor, value in zip(factors, values)]).sum()
