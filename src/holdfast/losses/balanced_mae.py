"""Absolute error in which heavy rain counts more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from holdfast.losses.at_rates import AtRates
from holdfast.losses.masked import difference, masked_mean
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    import torch


@component("balanced_mae")
class BalancedMAE(AtRates):
    """Mean absolute error of prepared rain, each pixel weighted by the rain that fell there (Shi et al. 2017, B-MAE).

    The defaults are the paper's: 1 below 2 mm/h, then 2, 5, 10, and 30 from 30 mm/h on.
    """

    thresholds: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (2.0, 5.0, 10.0, 30.0),
        min_length=1,
        description="rates in mm/h, rising, from which the next weight holds",
    )
    weights: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1.0, 2.0, 5.0, 10.0, 30.0), description="of pixels below the first threshold, then from each on"
    )

    @model_validator(mode="after")
    def _one_weight_more(self) -> Self:
        if len(self.weights) != len(self.thresholds) + 1:
            raise ValueError(
                f"weights: expected {len(self.thresholds) + 1}, one more than thresholds, got {len(self.weights)}"
            )
        return self

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        import torch

        error, there = difference(outputs, targets)
        bounds = torch.tensor(self.thresholds, device=targets.device)
        rain = targets.float().masked_fill(~there, 0.0).contiguous()
        of_pixel = torch.tensor(self.weights, device=targets.device)[
            torch.bucketize(rain, bounds, right=True)
        ]
        return masked_mean(of_pixel * error.abs(), there, weights)
