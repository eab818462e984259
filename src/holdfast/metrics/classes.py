"""Scores of class predictions. Labels are fixed by the columns of the probabilities."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.metrics.base import Metric
from holdfast.recipe.registry import component


class ClassMetric(Metric):
    targets: ClassVar[frozenset[str]] = frozenset({"classes"})


@component("accuracy")
class Accuracy(ClassMetric):
    """Share of rows whose most probable class is right."""

    of_right_rows: ClassVar[bool] = True

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        right = (prediction.argmax(axis=1) == truth).astype(np.float64)
        return np.stack([right, np.ones(len(truth))], axis=1)

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return sums[..., 0] / sums[..., 1]


class _PerClass(ClassMetric):
    """Metrics of the true positives, predicted and true counts of each class."""

    of_right_rows: ClassVar[bool] = True

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        eye = np.eye(prediction.shape[1])
        said, true = eye[prediction.argmax(axis=1)], eye[truth]
        return np.concatenate([said * true, said, true], axis=1)

    def per_class(self, hits: np.ndarray, said: np.ndarray, true: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def combine(self, sums: np.ndarray) -> np.ndarray:
        hits, said, true = np.split(sums, 3, axis=-1)
        values = np.where(true > 0, self.per_class(hits, said, true), 0.0)
        return values.sum(axis=-1) / np.maximum((true > 0).sum(axis=-1), 1)


@component("macro_f1")
class MacroF1(_PerClass):
    """Mean over classes of F1; a class without true rows is left out of the mean."""

    def per_class(self, hits: np.ndarray, said: np.ndarray, true: np.ndarray) -> np.ndarray:
        return 2 * hits / np.maximum(said + true, 1e-12)


@component("balanced_accuracy")
class BalancedAccuracy(_PerClass):
    """Mean over classes of recall; a class without true rows is left out of the mean."""

    def per_class(self, hits: np.ndarray, said: np.ndarray, true: np.ndarray) -> np.ndarray:
        return hits / np.maximum(true, 1e-12)


@component("log_loss")
class LogLoss(ClassMetric):
    """Mean of −log of the probability given to the true class, rows scaled to one, clipped at float64's epsilon."""

    greater_is_better: ClassVar[bool] = False
    of_probabilities: ClassVar[bool] = True

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        p = prediction.astype(np.float64)
        eps = np.finfo(np.float64).eps
        p = np.clip(p / p.sum(axis=1, keepdims=True), eps, 1 - eps)
        return np.stack([-np.log(p[np.arange(len(truth)), truth]), np.ones(len(truth))], axis=1)

    def combine(self, sums: np.ndarray) -> np.ndarray:
        return sums[..., 0] / sums[..., 1]


@component("roc_auc")
class RocAuc(ClassMetric):
    """Area under the ROC curve; for more than two classes the mean of each class against the rest."""

    of_probabilities: ClassVar[bool] = True

    def direct(self, truth: np.ndarray, prediction: np.ndarray) -> float:
        classes = range(prediction.shape[1]) if prediction.shape[1] > 2 else [1]
        there = [c for c in classes if 0 < (truth == c).sum() < len(truth)]
        if not there:
            return float("nan")
        return float(np.mean([_area(truth == c, prediction[:, c]) for c in there]))


def _area(positive: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve by ranks (Mann and Whitney 1947), ties counted half."""
    from scipy.stats import rankdata

    n = int(positive.sum())
    return (rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n))
