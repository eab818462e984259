"""How alike sensor windows are, however they are shifted by a few steps or scaled."""

from __future__ import annotations

import numpy as np

from holdfast.check.likeness import Likeness
from holdfast.data.dataset import Dataset

STEPS = 512  # longer windows are averaged to at most so many
REACH = 8  # a copy is shifted by at most one part in so many of a window
COMPONENTS = 48  # of the spectra, to find candidates by
NARROW = 2000  # frequencies of all channels up to which their covariance is soonest made
FARTHEST = 0.5  # of two copies: sqrt(1 - r²), so r >= 0.87
PAIRS = 2048  # aligned at once
CHUNK = 1024  # windows transformed at once


def windows_alike(parts: list[Dataset]) -> Likeness:
    """Candidates by their amplitude spectra, which a shift leaves as they are; then the best aligned correlation r.

    The distance of two windows is sqrt(1 - r²), the share of one that the other does not tell. All windows are
    held in memory, as float32.
    """
    from sklearn.decomposition import PCA

    spread, mean_of = _scale(parts[0])
    windows = np.concatenate([_shapes(chunk, spread, mean_of) for part in parts for chunk in part.chunks()])
    spectra = np.concatenate(
        [_spectra(windows[start : start + CHUNK]) for start in range(0, len(windows), CHUNK)]
    )
    size = min(COMPONENTS, *spectra.shape)
    solver = "covariance_eigh" if spectra.shape[1] <= NARROW else "randomized"
    features = PCA(size, svd_solver=solver, random_state=0).fit_transform(spectra)

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
    from scipy.fft import rfft
    from scipy.signal.windows import hann

    made = np.abs(rfft(windows * hann(windows.shape[2], sym=False).astype(np.float32), axis=2))
    return np.asarray(made.reshape(len(windows), -1))


def correlation(windows: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For pairs of windows, the highest correlation over shifts, of the steps that both then have; 0 where none is.

    `windows` `(n, channels, steps)`, without level; by FFT, all channels together.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    steps = windows.shape[2]
    reach = max(1, steps // REACH)
    size = next_fast_len(steps + reach, real=True)
    spectra = rfft(windows, size, axis=2)
    products = np.einsum("pcf,pcf->pf", spectra[first], spectra.conj()[second])
    both = irfft(products, size, axis=1)
    power = (windows**2).sum(axis=1, dtype=np.float64)
    energy = np.concatenate([np.zeros((len(windows), 1)), power.cumsum(axis=1)], axis=1)
    best = np.zeros(len(first))
    for shift in range(-reach, reach + 1):  # first[t + shift] stands against second[t]
        low, high = max(0, shift), min(steps, steps + shift)
        mine = energy[first, high] - energy[first, low]
        theirs = energy[second, high - shift] - energy[second, low - shift]
        scale = np.sqrt(np.maximum(mine * theirs, 0))
        r = np.divide(both[:, shift % size], scale, out=np.zeros(len(first)), where=scale > 1e-9)
        best = np.maximum(
            best, np.where(np.minimum(mine, theirs) >= 0.5, r, 0)
        )  # most of both must be compared
    return np.clip(best, 0, 1)
