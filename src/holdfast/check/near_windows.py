"""How alike sensor windows are, however they are shifted by a few steps or scaled."""

from __future__ import annotations

from dataclasses import dataclass

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
SOME = 128  # windows that tell the spread of channels


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
    del spectra
    aligned = Aligned.of(windows)
    del windows

    def distance(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        step = max(1, PAIRS // others.shape[1])
        starts = range(0, len(rows), step)
        r = [correlation(aligned, rows[i : i + step], others[i : i + step]) for i in starts]
        return np.sqrt(1 - np.concatenate(r) ** 2)

    return Likeness(features, measure=distance, farthest=FARTHEST)


@dataclass(frozen=True)
class Aligned:
    """Windows `(n, channels, steps)` without level, as their correlations over shifts need them.

    `spectra` `(n, channels, frequencies)`; `power` `(n, shifts)`: that of the steps which a window that is shifted by so
    many has in common with one that is not; `back`: from products of spectra to correlations at all shifts.
    """

    spectra: np.ndarray
    power: np.ndarray
    back: np.ndarray

    @classmethod
    def of(cls, windows: np.ndarray) -> Aligned:
        steps = windows.shape[2]
        reach = max(1, steps // REACH)
        size, shifts = steps + reach, np.arange(-reach, reach + 1)
        waves = _waves(size, size)
        weights = np.where(np.arange(size // 2 + 1) * 2 % size == 0, 1, 2) / size
        back = (waves[shifts % size] * weights.repeat(2)).T.astype(np.float32)
        parts = [windows[start : start + CHUNK] for start in range(0, len(windows), CHUNK)]
        spectra = put_together((_by(part, waves[:steps]) for part in parts), len(windows), scratch)
        power = put_together((_shared_power(part, shifts) for part in parts), len(windows), scratch)
        return cls(spectra, power, back)


def _shared_power(windows: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    steps = windows.shape[2]
    until = np.zeros((len(windows), steps + 1))
    np.einsum("nct,nct->nt", windows, windows).cumsum(axis=1, dtype=np.float64, out=until[:, 1:])
    return np.asarray(until[:, np.minimum(steps, steps + shifts)] - until[:, np.maximum(0, shifts)])


def _scale(data: Dataset) -> tuple[np.ndarray, int]:
    """The spread of each channel within windows, from some of them; and how many steps are averaged."""
    some = data.read(np.linspace(0, len(data) - 1, min(len(data), SOME)).astype(int)).astype(np.float64)
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


def correlation(aligned: Aligned, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The highest correlation over shifts of each of `rows` `(b,)` with its `others` `(b, k)`; 0 where none is.

    Of the steps that both then have, all channels together.
    """
    products = np.einsum("bcf,bkcf->bkf", aligned.spectra[rows].conj(), aligned.spectra[others])
    both = (products.view(np.float32) @ aligned.back)[..., ::-1]  # of the row, shifted, with the other
    mine, theirs = aligned.power[rows, None], aligned.power[others][..., ::-1]
    enough = np.minimum(mine, theirs) >= 0.5  # most of both must be compared
    r = np.divide(both, np.sqrt(mine * theirs), out=np.zeros(both.shape), where=enough)
    return np.clip(r.max(axis=2), 0, 1)
