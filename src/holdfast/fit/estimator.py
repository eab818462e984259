"""A scikit-learn estimator behind a member's pipeline."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from holdfast.balance.base import Balance
from holdfast.data.dataset import Dataset
from holdfast.features.base import Features, table_of
from holdfast.fit.feature_table import feature_table, worth_sharing
from holdfast.fit.heads import Head
from holdfast.fit.resolved import MemberSpec
from holdfast.keys import seed_of
from holdfast.models.base import Estimator
from holdfast.predict.test_time import AtTestTime
from holdfast.prepare.pipeline import Pipeline
from holdfast.prepare.scale import Standardize
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_whole

FILE = "model.joblib"


@dataclass
class FittedEstimator:
    """Pipeline, features and estimator of one fold, ready to predict."""

    pipeline: Pipeline
    features: tuple[Features, ...]
    scale: Pipeline | None  # of the features, which span many magnitudes
    columns: np.ndarray | None  # those that a selection kept
    head: Head
    estimators: tuple[Any, ...]  # one, or one for each attribute
    at_test_time: AtTestTime
    shares: bool = False  # features are made once for all samples of a data set

    @property
    def facts(self) -> dict[str, Any]:
        """What the fit found out: the columns that a selection kept, what the estimator tells of itself."""
        kept: dict[str, Any] = dict(self.pipeline.facts)
        if self.columns is not None:
            kept["columns"] = self.columns.tolist()
        told = [getattr(estimator, "facts_", {}) for estimator in self.estimators]
        if len(told) == 1:
            return {**kept, **told[0]}
        return {**kept, **{part.column: said for part, said in zip(self.head.parts, told) if said}}

    def predict(self, data: Dataset) -> np.ndarray:
        """Probabilities `(n, classes)`, or values `(n,)`, the mean over views; float32."""
        if self.scale is not None and self.shares and not self.at_test_time.tta:
            made = feature_table(data, self.pipeline, self.features)
            if made is not None:
                return self.at_test_time.predict(
                    made, self.head.target, lambda rows: rows, lambda rows: self.said(self._scaled(rows))
                )
        return self.at_test_time.predict(
            data, self.head.target, self.pipeline.before, lambda view: self.said(self.table(view))
        )

    def table(self, base: np.ndarray) -> np.ndarray:
        """What the estimator sees of samples that the first half of the pipeline has seen, all columns."""
        X = self.pipeline.after(base)
        if self.scale is not None:
            return self._scaled(table_of(self.features, X))
        return X.astype(np.float64) if X.ndim == 2 else X

    def _scaled(self, rows: np.ndarray) -> np.ndarray:
        """Rows of features as the estimator sees them; in float32 a linear model's last bits depend on other rows."""
        assert self.scale is not None
        return self.scale.transform(rows).astype(np.float64)

    def said(self, X: np.ndarray) -> np.ndarray:
        """Probabilities `(n, classes)` or values `(n,)` for rows of `table`."""
        if self.columns is not None:
            X = X[:, self.columns]
        if self.head.target.kind == "real":
            return np.asarray(self.estimators[0].predict(X), dtype=np.float64).reshape(len(X))
        made = []
        for part, estimator in zip(self.head.parts, self.estimators):
            out = np.zeros((len(X), part.n_classes))
            out[:, estimator.classes_] = estimator.predict_proba(X)
            made.append(out)
        return self.head.joined(made)

    def save(self, folder: Path) -> None:
        write_whole(folder / FILE, lambda file: joblib.dump(self, file, compress=("zlib", 1)))


def fit_estimator(
    member: MemberSpec,
    train: Dataset,
    target: TargetSpec,
    seed: int,
    threads: int,
    seen: Dataset | None = None,
) -> FittedEstimator:
    """Fit pipeline, balance and estimator on a training part.

    `seen`: what pipeline and scaler learn from, where that is not the training part (a habit).
    """
    model = member.model
    assert isinstance(model, Estimator)
    assert train.target is not None
    pipeline = Pipeline(member.prepare, train.kind, train.names).fit(train if seen is None else seen)
    y, groups, weight = train.target, train.groups, train.weight
    shares = bool(member.features) and worth_sharing(train) and not _has_extra_samples(member)
    shared = feature_table(train, pipeline, member.features) if shares else None
    if shared is not None:
        X = shared.read()
    else:
        X = pipeline.before(train.read())
        X, y, groups, weight = _with_extra(member, X, y, groups, weight, target, seed, of_tables=False)
        X = pipeline.after(X)
        if member.features:
            X = table_of(member.features, X)
    scale = None
    if member.features:
        known = X if seen is None else table_of(member.features, pipeline.transform(seen.read()))
        scale = Pipeline([Standardize()], "table", ("",) * X.shape[1]).fit(
            Dataset("table", np.arange(len(known)), known, ())
        )
        X = scale.transform(X)
    columns = None
    if member.select is not None:
        columns = member.select.choose(X, y, groups, target, seed_of(seed, "select"), threads)
        X = X[:, columns]
    X, y, groups, weight = _with_extra(member, X, y, groups, weight, target, seed, of_tables=True)
    arguments: dict[str, Any] = {}
    weights = [w for balance in member.balance if (w := balance.weights(y, target)) is not None]
    weights += [] if weight is None else [weight]
    if weights:
        arguments["sample_weight"] = np.prod(weights, axis=0)
    for i, balance in enumerate(member.balance):
        rows = balance.rows(y, target, seed_of(seed, "sampler", i, 0), groups)
        if rows is not None:
            X, y, groups = X[rows], y[rows], None if groups is None else groups[rows]
            arguments = {
                name: value[rows] for name, value in arguments.items()
            }  # weights follow their samples
    if model.uses_groups:
        arguments["groups"] = groups
    head = Head(member.head, target)
    estimators = tuple(
        _fit_one(
            model.build(part, seed if part is target else seed_of(seed, part.column), threads),
            X,
            codes,
            arguments,
        )
        for part, codes in zip(head.parts, head.codes(y))
    )
    return FittedEstimator(
        pipeline, member.features, scale, columns, head, estimators, member.at_test_time, shared is not None
    )


def _has_extra_samples(member: MemberSpec) -> bool:
    """Whether balance makes new samples, whose features no table holds."""
    return any(not one.of_tables and type(one).extra is not Balance.extra for one in member.balance)


def _fit_one(estimator: Any, X: np.ndarray, y: np.ndarray, arguments: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*valid feature names.*")
        estimator.fit(X, y, **arguments)
    if hasattr(estimator, "n_jobs"):
        # trees vote in the order in which threads end: with one thread the sum is always the same
        estimator.set_params(n_jobs=1)
    return estimator


def _with_extra(
    member: MemberSpec, X: np.ndarray, y: np.ndarray, groups: np.ndarray | None, weight: np.ndarray | None,
    target: TargetSpec, seed: int, of_tables: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:  # fmt: skip
    """Append the new samples that balance makes; each has the group and the weight of the sample it is made from."""
    for i, balance in enumerate(member.balance):
        if balance.of_tables != of_tables:
            continue
        made = balance.extra(X, y, target, seed_of(seed, "balance", i))
        if made is None:
            continue
        new, labels, rows = made
        X, y = np.concatenate([X, new]), np.concatenate([y, labels])
        groups = None if groups is None else np.concatenate([groups, groups[rows]])
        weight = None if weight is None else np.concatenate([weight, weight[rows]])
    return X, y, groups, weight
