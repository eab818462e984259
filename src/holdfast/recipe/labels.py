"""Labels in a recipe: what is done in training about those that are likely wrong."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from holdfast.recipe.strict import Strict

FOLDS = 3  # inner folds, so that each training sample is judged by models that have not seen its group


class Labels(Strict):
    """What training does about likely wrong labels of its own part; held-out samples are neither looked at nor changed."""

    drop: Literal["suspected"] | None = Field(None, description="leave out the samples that are suspected")
    weight: float | None = Field(None, gt=0, lt=1, description="weigh them so much; all others weigh 1")
    by: str | None = Field(
        None,
        description="the member that judges for all; null: each judges for itself, so it is fitted 4 times a fold",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.drop is None) == (self.weight is None):
            raise ValueError("drop and weight are two ways; name one, as {drop: suspected} or {weight: 0.3}")
        return self

    @property
    def said(self) -> str:
        """What is done with what is suspected."""
        return "left out" if self.weight is None else f"weighed {self.weight:g}"
