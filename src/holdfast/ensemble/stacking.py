"""A second model on top of members."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from holdfast.ensemble.base import Ensemble
from holdfast.errors import BadInput
from holdfast.keys import seed_of
from holdfast.metrics.base import Metric
from holdfast.predict.base import FLOOR
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("stacking")
class Stacking(Ensemble):
    """A second model learns from members' out-of-fold predictions (Wolpert 1992).

    It sees the logits of probabilities, or values, all divided by one deviation: a member that says the same of every
    row of a fold would otherwise tell the folds apart, loudly. Its penalty wants to be strong: members tell nearly the
    same, and a free model would learn how they err in these rows.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"classes", "real"})
    model: Literal["logistic", "ridge", "lightgbm"] | None = Field(
        None, description="the second model; null: logistic for classes, ridge for values"
    )
    l2: float = Field(
        10.0, gt=0, description="L2 penalty: 1 / C of logistic, alpha of ridge, reg_lambda of lightgbm"
    )

    def for_metric(self, metric: Metric, target: TargetSpec) -> Self:
        if self.model == "logistic" and target.kind == "real":
            raise BadInput(
                f"ensemble.stacking.model: logistic is for classes, the target {target.column!r} is real; take ridge"
            )
        return self

    def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
        """The second model; None where the rows hold one class only and teach nothing."""
        if predictions.ndim == 2:
            return self._fitted(_inputs(predictions), truth, classes=False)
        there = np.unique(truth)
        if len(there) < 2:
            return None
        if self.model == "ridge":
            return self._fitted(_inputs(predictions), np.eye(predictions.shape[2])[truth], classes=True)
        return self._fitted(_inputs(predictions), truth, classes=True)

    def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
        if predictions.ndim == 2:
            return np.asarray(learned.predict(_inputs(predictions)), dtype=np.float64)
        if learned is None:
            return predictions.mean(axis=0)
        made = np.zeros(predictions.shape[1:], dtype=np.float64)
        if self.model == "ridge":
            made += learned.predict(_inputs(predictions))
        else:
            made[:, learned.classes_] = learned.predict_proba(_inputs(predictions))
        made = np.clip(made, FLOOR, None)  # no class is impossible, one that the rows lack least of all
        return made / made.sum(axis=1, keepdims=True)

    def _fitted(self, inputs: np.ndarray, truth: np.ndarray, classes: bool) -> Any:
        if self.model == "lightgbm":
            return _trees(classes, self.l2).fit(inputs, truth)
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(inputs)
        scaler.scale_ = np.full(inputs.shape[1], np.sqrt(scaler.var_.mean()) or 1.0)
        logistic = classes and self.model != "ridge"
        model = LogisticRegression(C=1 / self.l2, max_iter=1000) if logistic else Ridge(alpha=self.l2)
        return make_pipeline(scaler, model.fit(scaler.transform(inputs), truth))


def _trees(classes: bool, l2: float) -> Any:
    """Small trees of lightgbm, the same in any process."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    return (LGBMClassifier if classes else LGBMRegressor)(
        n_estimators=100,
        learning_rate=0.05,
        num_leaves=7,
        reg_lambda=l2,
        random_state=seed_of("stacking") % 2**31,
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,
        verbose=-1,
    )


def _inputs(predictions: np.ndarray) -> np.ndarray:
    """`(n, members · columns)`: values as they are; of probabilities the logits, centred in each row.

    Two classes have one logit, that of the second.
    """
    if predictions.ndim == 2:
        return predictions.T.astype(np.float64)
    logits = np.log(np.maximum(predictions.astype(np.float64), FLOOR))
    if logits.shape[2] == 2:
        return (logits[:, :, 1] - logits[:, :, 0]).T
    logits -= logits.mean(axis=2, keepdims=True)
    return logits.transpose(1, 0, 2).reshape(logits.shape[1], -1)
