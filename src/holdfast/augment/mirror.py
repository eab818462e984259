"""The other side of the body."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from holdfast.augment.base import Augmentation
from holdfast.errors import BadInput
from holdfast.keys import uniforms
from holdfast.recipe.channels import positions
from holdfast.recipe.registry import component


@component("mirror")
class Mirror(Augmentation):
    """Mirror left and right of the body: channels change their sign, trade places, or both.

    Left and right sensors trade places as in Van Der Donckt et al. (2024, arXiv:2408.03947). Where a device's
    axes lie alike on both arms, its accelerometer changes the sign of the one axis across the mirror, its
    gyroscope those of the other two. Leave it out where classes tell the sides apart.
    """

    signs: tuple[str | int, ...] = Field(
        description="channels whose sign changes, by name or position; [] where channels only trade places",
        examples=[["y"]],
    )
    swap: tuple[tuple[str | int, str | int], ...] = Field(
        (),
        description="pairs of channels that trade places, by name or position, before signs change",
        examples=[[["left_x", "right_x"], ["left_y", "right_y"]]],
    )
    p: float = Field(0.5, gt=0, le=1, description="probability that a window is mirrored")

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.signs and not self.swap:
            raise ValueError("expected channels under signs or swap, found none")
        return self

    def for_channels(self, names: tuple[str, ...]) -> Self:
        signs = positions(names, self.signs, "augment.mirror.signs")
        flat = positions(names, [channel for pair in self.swap for channel in pair], "augment.mirror.swap")
        pairs = tuple(zip(flat[::2], flat[1::2]))
        if len(set(flat)) < len(flat):
            raise BadInput("augment.mirror.swap: a channel stands there twice; it can trade places with one")
        for a, b in pairs:
            if (a in signs) != (b in signs):
                raise BadInput(
                    f"augment.mirror.signs: {names[a]} and {names[b]} trade places; name both of them or neither,"
                    " or else the mirror image of a mirror image is not the window"
                )
        return self.model_copy(update={"signs": tuple(signs), "swap": pairs})

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        order, sign = np.arange(batch.shape[2]), np.ones(batch.shape[2], dtype=np.float32)
        pairs = np.array(self.swap, dtype=np.intp).reshape(-1, 2)
        order[pairs] = pairs[:, ::-1]
        sign[np.array(self.signs, dtype=np.intp)] = -1
        chosen = uniforms(keys, 1)[:, 0] < self.p
        out = batch.copy()
        out[chosen] = batch[chosen][:, :, order] * sign
        return out, targets
