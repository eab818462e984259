"""Scores of forecasts of rain on grids, in mm/h: hits and misses at a threshold, alone, beside the error, in windows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from holdfast.metrics.pixels import OfPixels, reaches
from holdfast.metrics.real import Mae
from holdfast.recipe.registry import component


class AtThreshold(OfPixels):
    """A score of where rain reaches a threshold; over all pixels of all grids."""

    targets: ClassVar[frozenset[str]] = frozenset({"grid"})
    threshold: float = Field(0.1, gt=0, description="rain from this on counts, mm/h")

    @property
    def key(self) -> str:
        return super().key.replace(self.name, f"{self.name}_{self.threshold:g}", 1)

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Hits, misses, false alarms; a forecast that is missing says no rain."""
        truth = self.seen(truth)
        true, said = reaches(truth, self.threshold), reaches(self.seen(prediction), self.threshold)
        hits = (true & said).sum(axis=1)
        alarms = (said & ~np.isnan(truth)).sum(axis=1)
        return np.stack([hits, true.sum(axis=1) - hits, alarms - hits], axis=1).astype(np.float64)


@component("csi")
class Csi(AtThreshold):
    """Critical success index, hits / (hits + misses + false alarms) (Schaefer 1990)."""

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return share(sums[..., 0], sums.sum(axis=-1))


@component("pod")
class Pod(AtThreshold):
    """Probability of detection, hits / (hits + misses)."""

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return share(sums[..., 0], sums[..., 0] + sums[..., 1])


@component("far")
class Far(AtThreshold):
    """False alarm ratio, false alarms / (hits + false alarms)."""

    greater_is_better: ClassVar[bool] = False

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return share(sums[..., 2], sums[..., 0] + sums[..., 2])


@component("mae_csi")
class MaeCsi(AtThreshold):
    """Mean absolute error / critical success index, both over all pixels of all grids (a nowcasting contest's score)."""

    greater_is_better: ClassVar[bool] = False

    @property
    def key(self) -> str:
        """The contest's threshold is not named."""
        return super().key.replace("mae_csi_0.1", "mae_csi", 1) if self.threshold == 0.1 else super().key

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        error = Mae(pixels=self.pixels).parts(truth, prediction)
        return np.concatenate([error, super().parts(truth, prediction)], axis=1)

    def combine(self, sums: np.ndarray) -> np.ndarray:
        csi = share(sums[..., 2], sums[..., 2:].sum(axis=-1))
        return share(share(sums[..., 0], sums[..., 1]), csi)


@component("fss")
class Fss(AtThreshold):
    """Fractions skill score: how alike are the shares of pixels with rain in square windows (Roberts and Lean 2008).

    As pysteps.verification has it, summed over all windows; what the truth lacks is without rain in both.
    """

    threshold: float = Field(1.0, gt=0, description="rain from this on counts, mm/h")
    scale: int = Field(9, ge=1, description="side of a window, pixels")

    @property
    def key(self) -> str:
        return super().key.replace(f"_{self.threshold:g}", f"_{self.threshold:g}_{self.scale}", 1)

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        from scipy.ndimage import uniform_filter

        true = reaches(truth, self.threshold)
        said = reaches(prediction, self.threshold) & ~np.isnan(truth)
        size = (*[1] * (truth.ndim - 2), self.scale, self.scale)
        windows = (uniform_filter(one.astype(np.float32), size, mode="constant") for one in (said, true))
        f, o = (self.seen(one) for one in windows)
        return np.stack([(a * b).sum(axis=1, dtype=np.float64) for a, b in ((f, f), (f, o), (o, o))], axis=1)

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return share(2 * sums[..., 1], sums[..., 0] + sums[..., 2])


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`part / whole`; no number where there is neither, infinite where there is no whole."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part / whole)
