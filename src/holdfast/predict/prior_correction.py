"""Correction for other class shares."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator

from holdfast.errors import BadInput
from holdfast.predict.base import Postprocess
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("prior_correction")
class PriorCorrection(Postprocess):
    """Multiply each class by its new share over its old one, rows scaled to one (Saerens et al. 2002).

    For test data whose class shares are known to differ from the training data's. The old shares are those of
    the rows that it is fitted on; a class without rows there counts as having one. For members trained without
    balance, whose probabilities follow those shares.
    """

    prior: Literal["uniform"] | dict[str, Annotated[float, Field(gt=0)]] = Field(
        "uniform", description="the new share of every class, by name (only their ratios count), or uniform"
    )

    @field_validator("prior", mode="before")
    @classmethod
    def _names_as_text(cls, value: Any) -> Any:
        return {str(name): share for name, share in value.items()} if isinstance(value, dict) else value

    def check(self, target: TargetSpec) -> None:
        self._new_shares(target)

    def _new_shares(self, target: TargetSpec) -> np.ndarray:
        if isinstance(self.prior, str):
            return np.full(target.n_classes, 1 / target.n_classes)
        where = "predict.prior_correction.prior"
        target.codes_of(list(self.prior), where)
        missing = [name for name in target.names if name not in self.prior]
        if missing:
            raise BadInput(f"{where}: expected a share for every class; {', '.join(missing)} have none")
        shares = np.array([self.prior[name] for name in target.names])
        return shares / shares.sum()

    def fit(self, predictions: np.ndarray, truth: np.ndarray, target: TargetSpec) -> Any:
        """The factor of each class."""
        old = np.maximum(np.bincount(truth, minlength=target.n_classes), 1) / len(truth)
        return self._new_shares(target) / old

    def apply(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        made = predictions * np.asarray(learned, dtype=np.float64)
        return (made / made.sum(axis=1, keepdims=True)).astype(predictions.dtype)
