"""Several losses in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, cast

import numpy as np
from pydantic import Field, model_validator

from holdfast.losses.base import Loss
from holdfast.recipe.registry import Component, Named, component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    import torch


@component("sum")
class Sum(Loss):
    """Weighted sum of several losses, such as focal and soft_f1.

    Also written as a list: `{sum: [{soft_f1: 0.4}, {focal: 0.6}]}`.
    """

    other_form: ClassVar[dict[str, Any] | None] = {
        "type": "array",
        "items": {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
        "description": "the losses with their factors",
    }

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
        if not self.targets:
            kinds = ", ".join(f"{part.name} for {' or '.join(sorted(part.targets))}" for part in self.parts)
            raise ValueError(f"of: the losses are for different targets: {kinds}")
        if len({part.activation for part in self.parts}) > 1:
            kinds = ", ".join(f"{part.name} for a {part.activation}" for part in self.parts)
            raise ValueError(f"of: the losses are for different outputs: {kinds}")
        return self

    @classmethod
    def fields_of(cls, value: Any) -> dict[str, Any] | None:
        """Losses and factors of a list of `{name: factor}`."""
        if not isinstance(value, list) or not value or not all(_is_weighted(one) for one in value):
            return None
        pairs = [next(iter(one.items())) for one in value]
        return {"of": [name for name, _ in pairs], "weights": [factor for _, factor in pairs]}

    @property
    def parts(self) -> tuple[Loss, ...]:
        return cast("tuple[Loss, ...]", self.of)

    @property
    def targets(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset.intersection(*(part.targets for part in self.parts))

    @property
    def takes_shares(self) -> bool:  # type: ignore[override]
        return all(part.takes_shares for part in self.parts)

    @property
    def activation(self) -> str:  # type: ignore[override]
        return self.parts[0].activation

    @property
    def of_attributes(self) -> bool:  # type: ignore[override]
        return any(part.of_attributes for part in self.parts)

    @property
    def factors(self) -> tuple[float, ...]:
        return self.weights or (1.0,) * len(self.of)

    def for_attribute(self, name: str) -> Loss:
        """The sum of the parts' losses of the attribute; each part's own weight of it is in its factor."""
        factors = [
            factor * part.attribute_weight(name)
            for factor, part in zip(self.factors, self.parts, strict=True)
        ]
        parts = tuple(part.for_attribute(name) for part in self.parts)
        return self.model_copy(update={"of": parts, "weights": tuple(factors)})

    def check(self, target: TargetSpec, head: str, where: str) -> None:
        for part in self.parts:
            part.check(target, head, f"{where}.{self.name}")

    def for_counts(self, counts: np.ndarray) -> Self:
        return self.model_copy(update={"of": tuple(part.for_counts(counts) for part in self.parts)})

    def for_rates(self, to_scale: Callable[[np.ndarray], np.ndarray]) -> Self:
        return self.model_copy(update={"of": tuple(part.for_rates(to_scale) for part in self.parts)})

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        import torch

        values = [part.value(outputs, targets, weights) for part in self.parts]
        return torch.stack([factor * value for factor, value in zip(self.factors, values)]).sum()


def _is_weighted(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and len(one) == 1
        and all(isinstance(factor, int | float) and not isinstance(factor, bool) for factor in one.values())
    )
