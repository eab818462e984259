"""The estimator behind the rocket family: transform by chunks, scale, linear head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from holdfast.data.dataset import CHUNK
from holdfast.folds.inner import inner_folds
from holdfast.models.calibrated import Calibrator, fit_calibrator

BLOCK = 256  # windows transformed at once
SHORTEST = 9  # steps that aeon's kernels need
RARE = 4  # power of a count's share of zeros that is added to its deviation, as in Hydra's paper
ALPHAS = (1e1, 1e2, 1e3, 1e4, 1e5)  # of the ridge, per feature-scaled kernel


class RocketEstimator:
    """`fit(X, y)` on windows `(n, steps, channels)` without gaps. Features are float32, made in place."""

    def __init__(self, kernels: Any, head: Any):
        self.kernels_, self.head = kernels, head

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> RocketEstimator:
        self.kernels_.fit(_channels_first(X))
        F = self._features(X)
        self.scaler_ = FeatureScaler(getattr(self.kernels_, "n_counts_", 0))
        self.scaler_.fit_transform(F)
        self.head.fit(F, y, sample_weight, groups)
        if hasattr(self.head, "classes_"):
            self.classes_ = self.head.classes_
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.concatenate([self.head.decision(self._scaled(chunk))[:, 0] for chunk in _chunks(X)])

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.concatenate([self.head.probabilities(self._scaled(chunk)) for chunk in _chunks(X)])

    def _features(self, X: np.ndarray) -> np.ndarray:
        """`(n, features)` float32, a block at a time, so that only the result is large."""
        out: np.ndarray | None = None
        for start in range(0, len(X), BLOCK):
            made = np.asarray(
                self.kernels_.transform(_channels_first(X[start : start + BLOCK])), dtype=np.float32
            )
            if out is None:
                out = np.empty((len(X), made.shape[1]), dtype=np.float32)
            out[start : start + len(made)] = made
        assert out is not None
        return out

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        F = self._features(X)
        self.scaler_.transform(F)
        return F


class FeatureScaler:
    """Mean 0 and deviation 1, in place. The last `counts` columns are counts (Hydra's), many of them zero.

    A count of zero stays zero, and a column that is seldom else is kept small (Dempster et al. 2023).
    """

    def __init__(self, counts: int):
        self.counts = counts

    def fit_transform(self, F: np.ndarray) -> None:
        """Learn from `F` `(n, features)` float32, and scale it."""
        counts = F[:, F.shape[1] - self.counts :]
        zero = counts == 0
        self.mean_ = F.mean(axis=0, dtype=np.float64).astype(np.float32)
        F -= self.mean_
        self.scale_ = np.sqrt(np.einsum("ij,ij->j", F, F) / len(F)) + np.float32(1e-6)
        self.scale_[F.shape[1] - self.counts :] += zero.mean(axis=0) ** RARE
        F /= self.scale_
        counts[zero] = 0

    def transform(self, F: np.ndarray) -> None:
        counts = F[:, F.shape[1] - self.counts :]
        zero = counts == 0
        F -= self.mean_
        F /= self.scale_
        counts[zero] = 0


def _chunks(X: np.ndarray) -> list[np.ndarray]:
    return [X[start : start + CHUNK] for start in range(0, len(X), CHUNK)]


def _channels_first(X: np.ndarray) -> np.ndarray:
    if X.shape[1] < SHORTEST:
        X = np.pad(X, ((0, 0), (0, SHORTEST - X.shape[1]), (0, 0)), mode="edge")
    return np.ascontiguousarray(X.transpose(0, 2, 1), dtype=np.float32)


class KernelRidge:
    """Ridge regression solved by its kernel `F·Fᵀ` (n × n), for more features than samples.

    The kernel is computed once; each inner fold and penalty costs one Cholesky factor of a part of it. The
    penalty with the best held-out loss is kept, and for classes the held-out values calibrate probabilities.
    """

    def __init__(self, kind: str, inner: int, seed: int):
        self.kind, self.inner, self.seed = kind, inner, seed

    def fit(
        self, F: np.ndarray, y: np.ndarray, weights: np.ndarray | None, groups: np.ndarray | None
    ) -> None:
        if self.kind == "classes":
            self.classes_ = np.unique(y)
            Y = np.where(y[:, None] == self.classes_, 1.0, -1.0)
        else:
            Y = y[:, None].astype(np.float64)
        self.offset_ = Y.mean(axis=0)
        Y = Y - self.offset_
        K = F @ F.T
        inverse = np.ones(len(y)) if weights is None else 1.0 / np.maximum(weights.astype(np.float64), 1e-6)
        folds = inner_folds(y, groups, self.inner, self.seed)
        alpha = self._choose(K, Y, y, inverse, folds) if folds else ALPHAS[2]
        self.alpha_ = alpha
        ((_, dual),) = _solutions(K, np.arange(len(y)), Y, inverse, [alpha])
        del K
        self.coefficients_ = (F.T @ dual.astype(np.float32)).astype(np.float32)

    def _choose(self, K: np.ndarray, Y: np.ndarray, y: np.ndarray, inverse: np.ndarray, folds: Any) -> float:
        """The penalty with the best held-out loss; keeps its calibration."""
        held = {alpha: np.zeros_like(Y) for alpha in ALPHAS}
        for learn, watch in folds:
            across = K[np.ix_(watch, learn)].astype(np.float64)
            for alpha, dual in _solutions(K, learn, Y, inverse, ALPHAS):
                held[alpha][watch] = across @ dual
        seen = np.concatenate([watch for _, watch in folds])
        best: tuple[float, float, Calibrator | None] = (np.inf, ALPHAS[0], None)
        for alpha, values in held.items():
            if self.kind == "real":
                loss, calibrator = float(((values[seen] - Y[seen]) ** 2).mean()), None
            else:
                calibrator = fit_calibrator(values[seen] + self.offset_, y[seen], self.classes_)
                p = calibrator.probabilities(values[seen] + self.offset_)
                loss = float(-np.log(p[np.arange(len(seen)), np.searchsorted(self.classes_, y[seen])]).mean())
            if loss < best[0]:
                best = (loss, alpha, calibrator)
        self.calibrator_ = best[2]
        return best[1]

    def decision(self, F: np.ndarray) -> np.ndarray:
        return (F @ self.coefficients_).astype(np.float64) + self.offset_

    def probabilities(self, F: np.ndarray) -> np.ndarray:
        decision = self.decision(F)
        calibrator = getattr(self, "calibrator_", None)
        if calibrator is not None:
            return calibrator.probabilities(decision)
        one_hot = np.eye(len(self.classes_))[
            decision.argmax(axis=1)
        ]  # one unit of data: nothing to calibrate on
        return 0.9 * one_hot + 0.1 / len(self.classes_)


def _solutions(
    K: np.ndarray, rows: np.ndarray, Y: np.ndarray, inverse: np.ndarray, alphas: Iterable[float]
) -> Iterator[tuple[float, np.ndarray]]:
    """Each penalty with the dual coefficients of `rows`; K in float32 is factored in float64, in one piece of memory."""
    from scipy.linalg import cho_factor, cho_solve

    regular = np.empty((len(rows), len(rows)))
    for alpha in alphas:
        for line, row in zip(regular, rows):
            line[:] = K[row, rows]
        regular[np.diag_indices_from(regular)] += alpha * inverse[rows]
        # LAPACK works on columns: the transpose of a symmetric matrix lets it work in place
        factor = cho_factor(regular.T, lower=True, overwrite_a=True, check_finite=False)
        yield alpha, cho_solve(factor, Y[rows], check_finite=False)


class LogisticHead:
    """Multinomial logistic regression on the scaled features (scikit-learn)."""

    def __init__(self, C: float, seed: int):
        self.C, self.seed = C, seed

    def fit(
        self, F: np.ndarray, y: np.ndarray, weights: np.ndarray | None, groups: np.ndarray | None
    ) -> None:
        from sklearn.linear_model import LogisticRegression

        self.model_ = LogisticRegression(C=self.C, max_iter=300, random_state=self.seed % 2**32)
        self.model_.fit(F, y, sample_weight=weights)
        self.classes_ = self.model_.classes_

    def probabilities(self, F: np.ndarray) -> np.ndarray:
        return self.model_.predict_proba(F)
