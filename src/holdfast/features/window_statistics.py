"""Statistics of windows in the time and frequency domain."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from holdfast.data.dataset import CHUNK
from holdfast.features.base import Features
from holdfast.recipe.registry import component

EPS = 1e-8


def time_statistics(X: np.ndarray) -> np.ndarray:
    """Per channel of `(n, steps, channels)`: moments, quantiles, energy, crossings, autocorrelation. `(n, f·channels)`."""
    mean = X.mean(axis=1)
    centred = X - mean[:, None]
    std = centred.std(axis=1)
    scale = std + EPS
    quantiles = np.quantile(X, [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0], axis=1).astype(np.float32)
    crossings = (np.diff(np.signbit(centred), axis=1)).mean(axis=1)
    third = (centred**3).mean(axis=1) / scale**3
    fourth = (centred**4).mean(axis=1) / scale**4
    steps = X.shape[1]
    lags = [lag for lag in (1, 2, 4, 8, 16, 32) if lag < steps]
    auto = [(centred[:, lag:] * centred[:, :-lag]).mean(axis=1) / scale**2 for lag in lags]
    rest = [np.abs(centred).mean(axis=1), np.sqrt((X**2).mean(axis=1)), X[:, 0], X[:, -1], X[:, -1] - X[:, 0]]
    return np.concatenate(
        [
            mean,
            std,
            *quantiles,
            quantiles[4] - quantiles[2],
            quantiles[6] - quantiles[0],
            crossings,
            third,
            fourth,
        ]
        + auto
        + rest,
        axis=1,
    )


def segment_statistics(X: np.ndarray, segments: int) -> np.ndarray:
    """Mean and standard deviation of each of `segments` equal parts in time: where in the window it happens."""
    parts = [part for part in np.array_split(X, segments, axis=1) if part.shape[1]]
    return np.concatenate([f for part in parts for f in (part.mean(axis=1), part.std(axis=1))], axis=1)


def frequency_statistics(X: np.ndarray, bands: int) -> np.ndarray:
    """Per channel: log power in `bands` bands, centroid, spread, entropy, strongest frequency and its share."""
    spectrum = np.abs(np.fft.rfft(X - X.mean(axis=1, keepdims=True), axis=1))[:, 1:] ** 2
    spectrum = spectrum.astype(np.float32) / X.shape[1]
    if spectrum.shape[1] == 0:
        return np.zeros((len(X), 0), dtype=np.float32)
    total = spectrum.sum(axis=1) + EPS
    share = spectrum / total[:, None]
    place = np.linspace(0, 1, spectrum.shape[1], dtype=np.float32)[None, :, None]
    centroid = (share * place).sum(axis=1)
    spread = np.sqrt((share * (place - centroid[:, None]) ** 2).sum(axis=1))
    entropy = -(share * np.log(share + EPS)).sum(axis=1)
    # bands narrow at low frequencies, where most of what bodies and machines do lies
    edges = np.unique(np.round(np.geomspace(1, spectrum.shape[1] + 1, bands + 1)).astype(int)) - 1
    powers = [np.log(spectrum[:, a:b].sum(axis=1) + EPS) for a, b in zip(edges, edges[1:])]
    strongest = spectrum.argmax(axis=1).astype(np.float32) / spectrum.shape[1]
    return np.concatenate(
        [np.log(total), centroid, spread, entropy, strongest, spectrum.max(axis=1) / total, *powers], axis=1
    )


def cross_statistics(X: np.ndarray) -> np.ndarray:
    """Correlation of each pair of channels, `(n, channels·(channels−1)/2)`."""
    centred = X - X.mean(axis=1, keepdims=True)
    scaled = centred / (np.sqrt((centred**2).sum(axis=1, keepdims=True)) + EPS)
    both = np.einsum("nsi,nsj->nij", scaled, scaled)
    i, j = np.triu_indices(X.shape[2], k=1)
    return both[:, i, j]


@component("window_statistics")
class WindowStatistics(Features):
    """Time, segment, frequency and cross-channel statistics of each window and of its differences in time.

    Of the kind of the UCI smartphone set's 561 features (Anguita et al. 2013).
    """

    segments: int = Field(8, ge=1, description="equal parts of the window, each with its mean and deviation")
    bands: int = Field(10, ge=1, description="frequency bands, narrow at low frequencies")
    differences: bool = Field(True, description="the same statistics of the step-to-step differences")

    def transform(self, X: np.ndarray) -> np.ndarray:
        rows = [self._chunk(X[start : start + CHUNK]) for start in range(0, len(X), CHUNK)]
        return np.concatenate(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def _chunk(self, X: np.ndarray) -> np.ndarray:
        made = [time_statistics(X), segment_statistics(X, self.segments), frequency_statistics(X, self.bands)]
        if X.shape[2] > 1:
            made.append(cross_statistics(X))
        if self.differences and X.shape[1] > 2:
            steps = np.diff(X, axis=1)
            made += [time_statistics(steps), frequency_statistics(steps, self.bands)]
        return np.concatenate(made, axis=1).astype(np.float32)
