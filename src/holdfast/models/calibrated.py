"""Probabilities for classifiers that only give decision values."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.folds.inner import inner_folds


class DecisionCalibrated:
    """Fits a classifier on all rows, and on inner group-aware folds to learn what its decision values mean.

    A multinomial logistic regression turns the decision values of held-out rows into probabilities (Platt 1999).
    """

    def __init__(self, estimator: Any, inner: int, seed: int):
        self.estimator, self.inner, self.seed = estimator, inner, seed

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> DecisionCalibrated:
        from sklearn.base import clone

        self.classes_ = np.unique(y)
        if len(self.classes_) == 1:
            return self
        held, rows = [], []
        for learn, watch in inner_folds(y, groups, self.inner, self.seed):
            if len(np.unique(y[learn])) < len(self.classes_):
                continue  # decision values of fewer classes do not line up
            weights = None if sample_weight is None else sample_weight[learn]
            part = clone(self.estimator).fit(X[learn], y[learn], sample_weight=weights)
            held.append(_two_axes(part.decision_function(X[watch])))
            rows.append(watch)
        self.estimator.fit(X, y, sample_weight=sample_weight)
        if rows:
            at = np.concatenate(rows)
            self.calibrator_ = fit_calibrator(np.concatenate(held), y[at], self.classes_)
        else:
            self.calibrator_ = fit_calibrator(
                _two_axes(self.estimator.decision_function(X)), y, self.classes_
            )
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        if len(self.classes_) == 1:
            return np.ones((len(X), 1))
        return self.calibrator_.probabilities(_two_axes(self.estimator.decision_function(X)))


def _two_axes(values: np.ndarray) -> np.ndarray:
    return values[:, None] if values.ndim == 1 else values


class Calibrator:
    """Multinomial logistic regression of decision values; classes it never saw get a small even share."""

    def __init__(self, model: Any, known: np.ndarray, n_classes: int):
        self.model, self.known, self.n_classes = model, known, n_classes

    def probabilities(self, decision: np.ndarray) -> np.ndarray:
        out = np.full((len(decision), self.n_classes), 1e-6)
        out[:, self.known] = self.model.predict_proba(decision)
        return out / out.sum(axis=1, keepdims=True)


def fit_calibrator(decision: np.ndarray, y: np.ndarray, classes: np.ndarray) -> Calibrator:
    """`decision` `(n, d)` of held-out rows, their classes `y`, and all classes of the training part."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    if len(np.unique(y)) < 2:
        from sklearn.dummy import DummyClassifier

        model = DummyClassifier(strategy="prior")
    model.fit(decision, y)
    return Calibrator(model, np.searchsorted(classes, model.classes_), len(classes))
