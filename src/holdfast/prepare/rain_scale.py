"""Rain in another scale than mm/h, in which networks learn it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from holdfast.data.dataset import FLOW_FIELD
from holdfast.prepare.base import Preparation


class RainScale(Preparation):
    """A scale of rain: `scaled` and its inverse `rates`, float32, pixel by pixel, NaN staying NaN."""

    takes: ClassVar[frozenset[str]] = frozenset({"frames"})

    def scaled(self, rain: np.ndarray) -> np.ndarray:
        """Rain in mm/h, of any shape, in this scale; 0 stays 0."""
        raise NotImplementedError

    def rates(self, scaled: np.ndarray) -> np.ndarray:
        """mm/h again."""
        raise NotImplementedError

    def build(self, names: tuple[str, ...]) -> RainScaler:
        return RainScaler(self, tuple(i for i, name in enumerate(names) if name not in FLOW_FIELD))


@dataclass(frozen=True)
class RainScaler:
    """A scale for the channels of frames that hold rain; those of a field of motion stay in pixels."""

    scale: RainScale
    channels: tuple[int, ...]

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Frames `(n, channels, h, w)`."""
        if len(self.channels) == X.shape[1]:
            return self.transform_rain(X)
        out = X.copy()
        out[:, self.channels] = self.transform_rain(X[:, self.channels])
        return out

    def transform_rain(self, rain: np.ndarray) -> np.ndarray:
        return self.scale.scaled(rain)

    def inverse_transform(self, scaled: np.ndarray) -> np.ndarray:
        return self.scale.rates(scaled)
