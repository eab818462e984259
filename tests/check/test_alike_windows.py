"""The arithmetic behind alike windows and apart groups, against the long way round."""

from __future__ import annotations

import numpy as np

from holdfast.check.apart import medians
from holdfast.check.near_windows import REACH, Aligned, _principal, _shapes, _spectra, correlation


def simulated(n: int, steps: int) -> np.ndarray:
    walks = np.random.default_rng(0).normal(size=(n, steps, 3)).cumsum(axis=1)
    return _shapes(walks, np.ones(3), 1)


def test_correlation_is_the_best_over_shifts() -> None:
    for steps in (21, 40):
        windows = simulated(6, steps)
        first, second = np.array([0, 1, 2]), np.array([3, 3, 5])
        found = correlation(Aligned.of(windows), first, second[:, None])[:, 0]
        for a, b, r in zip(windows[first].astype(float), windows[second].astype(float), found):
            best = 0.0
            for shift in range(-(steps // REACH), steps // REACH + 1):
                mine = a[:, max(0, shift) : steps + min(0, shift)]
                theirs = b[:, max(0, -shift) : steps - max(0, shift)]
                power = (mine**2).sum(), (theirs**2).sum()
                if min(power) >= 0.5:
                    best = max(best, (mine * theirs).sum() / np.sqrt(power[0] * power[1]))
            assert abs(best - r) < 1e-5


def test_a_shifted_copy_correlates() -> None:
    walk = np.random.default_rng(1).normal(size=(1, 70, 3)).cumsum(axis=1)
    walk -= np.linspace(0, 1, 70)[None, :, None] * walk[:, -1:]  # it ends where it begins
    both = _shapes(np.concatenate([walk[:, 3:63], walk[:, 6:66]]), np.ones(3), 1)
    assert correlation(Aligned.of(both), np.array([0]), np.array([[1]]))[0, 0] > 0.98


def test_spectra_are_those_of_the_fft() -> None:
    windows = simulated(4, 25)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(25) / 25)
    expected = np.abs(np.fft.rfft(windows * hann, axis=2)).reshape(4, -1)
    assert np.allclose(_spectra(windows), expected, atol=1e-5)


def test_principal_components_are_scikit_learns() -> None:
    from sklearn.decomposition import PCA

    X = np.random.default_rng(0).normal(size=(80, 12)) * np.arange(1, 13)
    expected = PCA(4, svd_solver="covariance_eigh").fit_transform(X)
    assert np.allclose(np.abs(_principal(X, 4)), np.abs(expected))


def test_medians_are_numpys() -> None:
    rng = np.random.default_rng(0)
    values, codes = rng.normal(size=(200, 3)), rng.integers(0, 9, 200)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[codes == 4, 1], values[5, 0] = np.nan, np.inf
    found = medians(values, codes, 11)
    known = np.where(np.isinf(values), np.nan, values)
    for code in range(9):
        for c in range(3):
            column = known[codes == code, c]
            expected = np.nan if np.isnan(column).all() else np.nanmedian(column)
            assert np.array_equal(found[code, c], expected, equal_nan=True)
    assert np.isnan(found[9:]).all()
