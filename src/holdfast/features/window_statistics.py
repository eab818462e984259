"""Statistics of windows in the time and frequency domain."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from pydantic import Field

from holdfast.features.base import Features
from holdfast.recipe.registry import component

EPS = 1e-8
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
LAGS = (1, 2, 4, 8, 16, 32)
BLOCK = 256  # windows at a time, so that the intermediate arrays stay near the processor

# All functions below take `(n, channels, steps)`: reductions then run along what lies together in memory.


def time_statistics(X: np.ndarray) -> np.ndarray:
    """Moments, quantiles, energy, crossings and autocorrelation of each channel, `(n, f·channels)`."""
    mean = X.mean(axis=2)
    centred = X - mean[:, :, None]
    squares = centred * centred
    std = np.sqrt(squares.mean(axis=2))
    scale = std + EPS
    quantiles = _quantiles(X)
    third = np.einsum("nct,nct->nc", squares, centred) / X.shape[2] / scale**3
    fourth = np.einsum("nct,nct->nc", squares, squares) / X.shape[2] / scale**4
    negative = np.signbit(centred)
    crossings = (negative[:, :, 1:] != negative[:, :, :-1]).sum(axis=2) / max(X.shape[2] - 1, 1)
    auto = [
        np.einsum("nct,nct->nc", centred[:, :, lag:], centred[:, :, :-lag]) / (X.shape[2] - lag) / scale**2
        for lag in LAGS
        if lag < X.shape[2]
    ]
    first, last = X[:, :, 0], X[:, :, -1]
    spans = [quantiles[4] - quantiles[2], quantiles[6] - quantiles[0], last - first]
    rest = [np.abs(centred).mean(axis=2), np.sqrt(mean**2 + std**2), first, last]
    # logarithms, since both have long tails
    shape = [np.arcsinh(third), np.log(fourth + EPS)]
    return np.concatenate([mean, std, *quantiles, *spans, crossings, *shape, *auto, *rest], axis=1)


def _quantiles(X: np.ndarray) -> list[np.ndarray]:
    """Quantiles by linear interpolation, as numpy's, from one sort."""
    ordered = np.sort(X, axis=2)
    places = np.array(QUANTILES) * (X.shape[2] - 1)
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, X.shape[2] - 1)
    return [
        ordered[:, :, a] * np.float32(1 - share) + ordered[:, :, b] * np.float32(share)
        for a, b, share in zip(low, high, places - low)
    ]


def segment_statistics(X: np.ndarray, segments: int) -> np.ndarray:
    """Mean and deviation of each of `segments` equal parts in time: where in the window it happens."""
    parts = [part for part in np.array_split(X, segments, axis=2) if part.shape[2]]
    return np.concatenate([f for part in parts for f in (part.mean(axis=2), part.std(axis=2))], axis=1)


def frequency_statistics(X: np.ndarray, bands: int) -> np.ndarray:
    """Log power in all and in `bands` bands, centroid, spread, entropy, strongest frequency and its share."""
    from scipy.fft import rfft  # keeps float32

    spectrum = np.abs(rfft(X - X.mean(axis=2, keepdims=True), axis=2))[:, :, 1:] ** 2 / X.shape[2]
    count = spectrum.shape[2]
    if count == 0:
        return np.zeros((len(X), 0), dtype=np.float32)
    total = spectrum.sum(axis=2) + EPS
    share = spectrum / total[:, :, None]
    place = np.linspace(0, 1, count, dtype=np.float32)
    centroid = share @ place
    spread = np.sqrt(np.maximum(share @ place**2 - centroid**2, 0))
    entropy = -(share * np.log(share + EPS)).sum(axis=2)
    # bands narrow at low frequencies, where most of what bodies and machines do lies
    edges = np.unique(np.round(np.geomspace(1, count + 1, bands + 1)).astype(int)) - 1
    powers = [np.log(spectrum[:, :, a:b].sum(axis=2) + EPS) for a, b in pairwise(edges)]
    strongest = spectrum.argmax(axis=2).astype(np.float32) / count
    return np.concatenate(
        [np.log(total), centroid, spread, entropy, strongest, spectrum.max(axis=2) / total, *powers], axis=1
    )


def cross_statistics(X: np.ndarray) -> np.ndarray:
    """Correlation of each pair of channels, `(n, channels·(channels−1)/2)`."""
    centred = X - X.mean(axis=2, keepdims=True)
    scaled = centred / (np.sqrt((centred**2).sum(axis=2, keepdims=True)) + EPS)
    first, second = np.triu_indices(X.shape[1], k=1)
    return (scaled @ scaled.transpose(0, 2, 1))[:, first, second]


@component("window_statistics")
class WindowStatistics(Features):
    """Time, segment, frequency and cross-channel statistics of each window and of its differences in time.

    Of the kind of the UCI smartphone set's 561 features (Anguita et al. 2013).
    """

    segments: int = Field(8, ge=1, description="equal parts of the window, each with its mean and deviation")
    bands: int = Field(10, ge=1, description="frequency bands, narrow at low frequencies")
    differences: bool = Field(True, description="the same statistics of the step-to-step differences")

    def transform(self, X: np.ndarray) -> np.ndarray:
        rows = [self._block(X[start : start + BLOCK]) for start in range(0, len(X), BLOCK)]
        return np.concatenate(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def _block(self, X: np.ndarray) -> np.ndarray:
        X = np.ascontiguousarray(X.transpose(0, 2, 1), dtype=np.float32)
        made = [time_statistics(X), segment_statistics(X, self.segments), frequency_statistics(X, self.bands)]
        if X.shape[1] > 1:
            made.append(cross_statistics(X))
        if self.differences and X.shape[2] > 2:
            steps = np.diff(X, axis=2)
            made += [time_statistics(steps), frequency_statistics(steps, self.bands)]
        return np.concatenate(made, axis=1).astype(np.float32)
