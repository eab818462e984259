"""Samples with a part of another."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.augment.boxes import boxes
from holdfast.augment.mixing import mixed, own_shares, partners
from holdfast.augment.stretch import stretches
from holdfast.errors import BadInput
from holdfast.keys import uniforms
from holdfast.recipe.channels import RGB
from holdfast.recipe.registry import component


@component("cutmix")
class Cutmix(Augmentation):
    """Put a part of another sample of the batch into each, and mix targets by its share (Yun et al. 2019).

    Of a window the part is a stretch of time, of a picture a box or a half. λ is drawn for each pair from
    Beta(alpha, alpha); the larger part is the sample's own.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"windows", "images"})
    mixes_targets: ClassVar[bool] = True

    alpha: float = Field(
        1.0,
        gt=0,
        description="of the Beta distribution of λ: 1 draws it evenly, as in the paper; halves need none",
    )
    cut: Literal["box", "vertical_half", "horizontal_half"] = Field(
        "box",
        description="of pictures: a box, as in the paper; the left or right half, for things alike on both sides, as"
        " faces; the upper or lower half",
    )
    p: float = Field(
        1.0, gt=0, le=1, description="probability that a sample is cut; below 1 whole ones are seen too"
    )

    def for_channels(self, names: tuple[str, ...]) -> Self:
        if self.cut != "box" and names != RGB:
            raise BadInput(
                f"augment.cutmix.cut: {self.cut} is a part of pictures; for other samples leave cut out, and a stretch"
                " of time is taken"
            )
        return self

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        partner = partners(keys)
        _, first, second, chosen = uniforms(keys, 4).T  # the first number makes the share
        lost = np.where(chosen < self.p, 1 - own_shares(keys, self.alpha), 0.0)
        if batch.ndim == 3:
            steps = batch.shape[1]
            lengths = np.rint(lost * steps)
            foreign = stretches(first, lengths, steps)
            changed = np.where(foreign[:, :, None], batch[partner], batch)
            return changed, mixed(targets, partner, 1 - lengths / steps)
        shape = batch.shape[1:3]
        if self.cut == "box":
            side = np.sqrt(lost)
            heights, widths = (np.rint(side * length).astype(np.int64) for length in shape)
            parts = boxes(np.stack([first, second], axis=1), heights, widths, shape)
        else:
            parts = (
                _halves(first < 0.5, shape, across=self.cut == "vertical_half") * (chosen < self.p)[:, None]
            )
        out = batch.copy()
        for one, other, (top, bottom, left, right) in zip(out, partner, parts):
            one[top:bottom, left:right] = batch[other, top:bottom, left:right]
        area = (parts[:, 1] - parts[:, 0]) * (parts[:, 3] - parts[:, 2])
        return out, mixed(targets, partner, 1 - area / (shape[0] * shape[1]))


def _halves(first: np.ndarray, shape: tuple[int, ...], across: bool) -> np.ndarray:
    """Left or right half (`across`), or upper or lower, as `boxes` gives; of an odd side the smaller half."""
    whole = np.full(len(first), shape[1 if across else 0])
    half = whole // 2
    begin, end = np.where(first, 0, whole - half), np.where(first, half, whole)
    none, full = np.zeros_like(whole), np.full_like(whole, shape[0 if across else 1])
    return np.stack([none, full, begin, end] if across else [begin, end, none, full], axis=1)
