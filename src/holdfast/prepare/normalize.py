"""Channels of pictures on a common scale."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from holdfast.errors import BadInput
from holdfast.prepare.base import Preparation
from holdfast.recipe.registry import component

WHITE = 255  # the value of a channel that stands for 1


def normalized(pictures: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Pictures `(n, h, w, channels)` uint8 as float32, `(value / 255 − mean) / std`.

    >>> normalized(np.array([[[[0, 51, 255]]]], dtype=np.uint8), np.full(3, 0.2), np.full(3, 0.5)).round(3).ravel()
    array([-0.4,  0. ,  1.6], dtype=float32)
    """
    width = pictures.shape[2]
    # one factor and one summand for each value of a row: long inner loops
    factor = np.tile((1 / (WHITE * std)).astype(np.float32), width)
    summand = np.tile((-mean / std).astype(np.float32), width)
    out = np.empty(pictures.shape, dtype=np.float32)
    rows = pictures.reshape(*pictures.shape[:2], -1), out.reshape(*pictures.shape[:2], -1)
    for picture, made in zip(*rows):  # each stays in the cache between the two steps
        np.multiply(picture, factor, out=made)
        np.add(made, summand, out=made)
    return out


class _Scaler:
    def __init__(self, mean: np.ndarray, std: np.ndarray):
        self.mean, self.std = mean, std

    def transform(self, X: np.ndarray) -> np.ndarray:
        return normalized(X, self.mean, self.std)


class _Learner:
    """Mean and deviation of each channel over all pixels of the training part, from whole numbers: exact."""

    def __init__(self) -> None:
        self.count, self.sums = 0, np.zeros(0)  # of each channel: its values, their squares

    def partial_fit(self, X: np.ndarray) -> _Learner:
        rows = X.reshape(-1, X.shape[2] * X.shape[3])
        squares = np.multiply(rows, rows, dtype=np.uint16)
        sums = np.stack(
            [
                part.sum(axis=0, dtype=np.uint64).reshape(-1, X.shape[3]).sum(axis=0)
                for part in (rows, squares)
            ]
        )
        self.sums = self.sums + sums if self.count else sums
        self.count += X.size // X.shape[3]
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        mean, square = self.sums / self.count
        std = np.sqrt(np.maximum(square - mean**2, 0))
        return normalized(X, mean / WHITE, np.where(std > 0, std, WHITE) / WHITE)


@component("normalize")
class Normalize(Preparation):
    """Pictures as float32, each channel with mean 0 and deviation 1 over the pixels of the training part.

    A pretrained network wants the numbers that it was trained with; those of ImageNet are mean
    `[0.485, 0.456, 0.406]` and std `[0.229, 0.224, 0.225]`.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"images"})

    mean: tuple[float, ...] = Field(
        (), description="of each channel, on a scale of 0 (black) to 1; empty: of the training part"
    )
    std: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (), description="standard deviation of each channel, on the same scale; stands beside mean"
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if len(self.mean) != len(self.std):
            raise ValueError(
                f"mean and std: expected as many of each, got {len(self.mean)} and {len(self.std)}; leave out both"
                " to take the training part's"
            )
        return self

    def build(self, names: tuple[str, ...]) -> _Scaler | _Learner:
        if not self.mean:
            return _Learner()
        if len(self.mean) != len(names):
            raise BadInput(
                f"prepare.normalize.mean: expected one for each channel ({', '.join(names)}), got {len(self.mean)}"
            )
        return _Scaler(np.array(self.mean), np.array(self.std))
