"""How alike sensor windows are, however they are shifted by a few steps or scaled."""

from __future__ import annotations

import numpy as np

from holdfast.check.likeness import Likeness
from holdfast.data.dataset import Dataset
from holdfast.data.scratch import put_together, scratch

STEPS = 512  # longer windows are averaged to at most so many
REACH = 8  # a copy is shifted by at most one part in so many of a window
COMPONENTS = 48  # of the spectra, to find candidates by
NARROW = 2000  # frequencies of all channels up to which their covariance is soonest made
FARTHEST = 0.5  # of two copies: sqrt(1 - r²), so r >= 0.87
PAIRS = 1024  # aligned at once
CHUNK = 1024  # windows transformed at once


def windows_alike(parts: list[Dataset]) -> Likeness:
    """Candidates by their amplitude spectra, which a shift leaves as they are; then the best aligned correlation r.

    The distance of two windows is sqrt(1 - r²), the share of one that the other does not tell.
    """
    spread, mean_of = _scale(parts[0])
    n = sum(len(part) for part in parts)
    shapes = (_shapes(chunk, spread, mean_of) for part in parts for chunk in part.chunks())
    windows = put_together(shapes, n, scratch)
    spectra = put_together(
        (_spectra(windows[start : start + CHUNK]) for start in range(0, n, CHUNK)), n, scratch
    )
    features = _principal(spectra, min(COMPONENTS, *spectra.shape))

    def distance(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        out = np.empty(others.shape)
        step = max(1, PAIRS // others.shape[1])
        for start in range(0, len(rows), step):
            out[start : start + step] = _unexplained(
                windows, rows[start : start + step], others[start : start + step]
            )
        return out

    return Likeness((features,), measure=distance, farthest=FARTHEST)


def _scale(data: Dataset) -> tuple[np.ndarray, int]:
    """The spread of each channel within windows, from some of them; and how many steps are averaged."""
    some = data.read(np.linspace(0, len(data) - 1, min(len(data), 512)).astype(int)).astype(np.float64)
    there = ~np.isnan(some)
    moved = np.where(there, some - _level(some, there), 0)
    spread = np.sqrt((moved**2).sum(axis=(0, 1)) / np.maximum(there.sum(axis=(0, 1)), 1))
    return np.where(spread > 0, spread, 1.0), -(-data.shape[0] // STEPS)


def _level(X: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The mean of each channel in each window, over what is there."""
    return np.asarray(
        np.where(there, X, 0).sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)
    )


def _shapes(X: np.ndarray, spread: np.ndarray, mean_of: int) -> np.ndarray:
    """Windows `(b, steps, channels)` as `(b, channels, steps)` float32: no level, no gaps, length 1 (or 0)."""
    if mean_of > 1:
        steps = X.shape[1] // mean_of * mean_of
        X = X[:, :steps].reshape(len(X), -1, mean_of, X.shape[2]).mean(axis=2)
    there = ~np.isnan(X)
    X = (np.where(there, X - _level(X, there), 0) / spread).astype(np.float32)
    length = np.sqrt((X**2).sum(axis=(1, 2), keepdims=True))
    return np.ascontiguousarray(
        np.moveaxis(np.divide(X, length, out=np.zeros_like(X), where=length > 1e-6), 2, 1)
    )


def _unexplained(windows: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """sqrt(1 - r²) of each of `rows` `(b,)` and its `others` `(b, k)`."""
    numbers, places = np.unique(np.r_[rows, others.ravel()], return_inverse=True)
    first = np.repeat(places[: len(rows)], others.shape[1])
    r = correlation(windows[numbers], first, places[len(rows) :])
    return np.sqrt(1 - r**2).reshape(others.shape)


def _spectra(windows: np.ndarray) -> np.ndarray:
    """Amplitudes `(n, channels * frequencies)` of windows `(n, channels, steps)`, faded at their ends."""
    steps = windows.shape[2]
    hann = 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, steps + 1)[:-1])
    return np.abs(_by(windows, hann[:, None] * _waves(steps, steps))).reshape(len(windows), -1)


def _by(windows: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Spectra `(n, channels, frequencies)` of windows `(n, channels, steps)`, as one product of matrices."""
    made = windows.reshape(-1, windows.shape[2]) @ waves.astype(np.float32)
    return made.view(np.complex64).reshape(*windows.shape[:2], -1)


def _waves(steps: int, size: int) -> np.ndarray:
    """Cosine and sine of each frequency of `size` steps, `(steps, 2 * frequencies)`, by which spectra are products.

    For windows of some hundred steps that takes no longer than the FFT, whose import alone takes half a second.
    """
    turns = 2 * np.pi / size * (np.outer(np.arange(steps), np.arange(size // 2 + 1)) % size)
    return np.stack([np.cos(turns), -np.sin(turns)], axis=2).reshape(steps, -1)


def _principal(X: np.ndarray, size: int) -> np.ndarray:
    """The first principal components `(n, size)` of `(n, f)`; where f is large, by scikit-learn's randomized solver."""
    if X.shape[1] > NARROW:
        from sklearn.decomposition import PCA  # takes seconds to import

        return np.asarray(PCA(size, svd_solver="randomized", random_state=0).fit_transform(X))
    mean = X.mean(axis=0)
    covariance = (X.T @ X - np.outer(len(X) * mean, mean)) / (len(X) - 1)
    directions = np.linalg.eigh(covariance)[1][:, ::-1][:, :size]
    return np.asarray(X @ directions - mean @ directions)


def correlation(windows: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For pairs of windows, the highest correlation over shifts, of the steps that both then have; 0 where none is.

    `windows` `(n, channels, steps)`, without level; by their spectra, all channels together.
    """
    steps = windows.shape[2]
    reach = max(1, steps // REACH)
    shifts = np.arange(-reach, reach + 1)  # first[t + shift] stands against second[t]
    waves = _waves(steps + reach, steps + reach)
    spectra = _by(windows, waves[:steps])
    products = np.einsum("pcf,pcf->pf", spectra[first], spectra.conj()[second])
    weights = np.where(np.arange(products.shape[1]) * 2 % (steps + reach) == 0, 1, 2) / (steps + reach)
    back = (waves[shifts % (steps + reach)] * weights.repeat(2)).T.astype(np.float32)
    both = products.view(np.float32) @ back
    energy = np.zeros((len(windows), steps + 1))
    np.einsum("nct,nct->nt", windows, windows).cumsum(axis=1, dtype=np.float64, out=energy[:, 1:])
    low, high = np.maximum(0, shifts), np.minimum(steps, steps + shifts)
    mine = (energy[:, high] - energy[:, low])[first]
    theirs = (energy[:, high - shifts] - energy[:, low - shifts])[second]
    enough = np.minimum(mine, theirs) >= 0.5  # most of both must be compared
    r = np.divide(both, np.sqrt(mine * theirs), out=np.zeros(both.shape), where=enough)
    return np.clip(r.max(axis=1), 0, 1)
