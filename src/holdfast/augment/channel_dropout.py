"""Channels that fall silent."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.errors import BadInput
from holdfast.keys import uniforms
from holdfast.recipe.registry import component


@component("channel_dropout")
class ChannelDropout(Augmentation):
    """Set whole channels of a window to its mean there or to zero (Tompson et al. 2015, on inputs); one always stays."""

    p: float = Field(0.1, gt=0, lt=1, description="probability that a channel is dropped")
    fill: Literal["mean", "zero"] = Field(
        "mean", description="what a dropped channel is set to: the window's mean in it, or 0"
    )

    def for_channels(self, names: tuple[str, ...]) -> Self:
        if len(names) < 2:
            raise BadInput(
                "augment.channel_dropout: the data have one channel, and one is always kept; leave it out"
            )
        return self

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        chance = uniforms(keys, batch.shape[2])
        dropped = chance < self.p
        # the channel with the highest number falls last: only where all of them would
        dropped[np.arange(len(batch)), chance.argmax(axis=1)] = False
        filling = batch.mean(axis=1, keepdims=True) if self.fill == "mean" else np.float32(0)
        return np.where(dropped[:, None, :], filling, batch), targets
