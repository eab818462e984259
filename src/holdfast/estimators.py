"""scikit-learn estimators: the folds, jobs and scores of a run, on arrays in memory and without a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Work, fit_job
from holdfast.engine.threads import cores, limited
from holdfast.ensemble.chain import chain_of, over_repeats
from holdfast.errors import BadInput
from holdfast.fit.resolved import resolve
from holdfast.folds.base import Splitter
from holdfast.folds.table import make_folds, units_per_class
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import score_with_interval
from holdfast.oof.scores import floor_predictions, metrics_of
from holdfast.predict.pool import check_pool
from holdfast.recipe.load import load_recipe
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import ENSEMBLE

FLOOR = "floor"
FOLDS = 5  # the splitters' own default
METRIC = {"classes": "log_loss", "real": "rmse"}
STATISTICS = {"trees": {"model": {"extra_trees": {"n_estimators": 200}}, "features": "window_statistics"}}
# Quick, and steady on a few dozen samples: what `recipe=None` means.
QUICK: dict[tuple[str, str], dict[str, Any]] = {
    ("table", "classes"): {"linear": {"model": "logistic"}},
    ("table", "real"): {"linear": {"model": "ridge"}},
    ("windows", "classes"): STATISTICS,
    ("windows", "real"): STATISTICS,
}
KINDS = {2: "table", 3: "windows"}


class _Holdfast(BaseEstimator):
    """What both estimators share."""

    def __init__(self, recipe: Recipe | dict[str, Any] | str | Path | None = None):
        self.recipe = recipe

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags

    def _fit(self, X: np.ndarray, y: np.ndarray, groups: Any, target: TargetSpec) -> None:
        names = getattr(self, "feature_names_in_", None)
        train = self._dataset(X, y, _as_groups(groups, y), names)
        self._shape = train.shape
        recipe, base = _recipe_for(self.recipe, train, target)
        splitter, metric = recipe.folds, recipe.metric
        assert isinstance(splitter, Splitter)
        assert isinstance(metric, Metric)
        metric.check(target)
        members = {name: resolve(recipe, name, train, target) for name in recipe.members}
        if taught := [name for name, member in members.items() if member.pseudo is not None]:
            raise BadInput(
                f"members.{taught[0]}.pseudo: fit knows X and y, no samples without labels; leave it out"
            )
        check_pool(recipe.predict.pool, target, train, None)
        folds = make_folds(splitter, train, target, base)
        work = Work(members, train, None, target, folds, recipe.seed, recipe.threads or cores(), "in memory")
        self.recipe_, self.folds_, self._threads = recipe, folds, work.threads
        chain = chain_of(recipe, list(members), target)
        self._learned, made = over_repeats(chain, self._fit_members(work), y, folds.fold)
        oof = {name: made[name] for name in (*members, ENSEMBLE)}
        self.oof_ = _scaled(oof[ENSEMBLE].mean(axis=0, dtype=np.float64))
        usual, own = metrics_of(metric, target), [metric]
        said = {**oof, FLOOR: floor_predictions(train, target, folds, metric)}
        self.scores_ = {
            name: {
                one.name: score_with_interval(one, y, list(predictions), train.groups, recipe.seed)
                for one in (usual if name == ENSEMBLE else own)
            }
            for name, predictions in said.items()
        }
        self.score_ = self.scores_[ENSEMBLE][metric.name]

    def _fit_members(self, work: Work) -> dict[str, np.ndarray]:
        """Fit every job; returns out-of-fold predictions of each member `(repeats, n, …)`."""
        self._fitted: dict[str, list[Any]] = {name: [] for name in work.members}
        tail = (work.target.n_classes,) if work.target.kind == "classes" else ()
        shape = (work.folds.repeats, len(work.train), *tail)
        oof = {name: np.full(shape, np.nan, dtype=np.float32) for name in work.members}
        with limited(work.threads):
            for job in work.jobs():
                fitted = fit_job(work, job, lambda event: None)
                _, rows = work.folds.part(job.repeat, job.fold)
                oof[job.member][job.repeat, rows] = fitted.predict(work.train.take(rows))
                self._fitted[job.member].append(fitted)
        return oof

    def _predict(self, X: Any) -> np.ndarray:
        """The ensemble of the members' means over folds and repeats; float64."""
        check_is_fitted(self, "folds_")
        data = self._dataset(self._checked(X, reset=False))
        if data.shape != self._shape:
            raise ValueError(f"X: fitted on samples of shape {self._shape}, got {data.shape}")
        with limited(self._threads):
            members = {
                name: np.stack([fitted.predict(data) for fitted in folds]).mean(axis=0, dtype=np.float64)
                for name, folds in self._fitted.items()
            }
        said = [learned.predict(members)[ENSEMBLE] for learned in self._learned]
        return _scaled(np.mean(said, axis=0))

    def _checked(self, X: Any, y: Any = "no_validation", reset: bool = True, **how: Any) -> Any:
        """X as float32, with y where it is given; ValueError for what scikit-learn refuses, and for other axes."""
        rule = {"dtype": np.float32, "ensure_all_finite": "allow-nan", "allow_nd": True}
        made = validate_data(self, X, y, reset=reset, ensure_min_samples=2 if reset else 1, **rule, **how)
        array = made[0] if isinstance(made, tuple) else made
        if array.ndim not in KINDS:
            raise ValueError(f"X: expected (n, features) or (n, steps, channels), got shape {array.shape}")
        return made

    def _dataset(
        self, X: np.ndarray, y: np.ndarray | None = None, groups: np.ndarray | None = None, names: Any = None
    ) -> Dataset:
        columns = [f"feature_{i}" for i in range(X.shape[-1])] if names is None else [str(n) for n in names]
        return Dataset(KINDS[X.ndim], np.arange(len(X)).astype(str), X, tuple(columns), y, groups)


class HoldfastClassifier(ClassifierMixin, _Holdfast):
    """A recipe's members over its folds, as a scikit-learn classifier of tables and windows.

    `recipe`: None for a quick default (logistic regression on tables, random trees on window statistics), a
    Recipe, its values as a dict without `data`, or a YAML file, whose `data` is left aside. What a dict does
    not say is log_loss, and five stratified folds (groups whole where `fit` is given groups; fewer folds
    where the rarest class has fewer groups or samples).

    After `fit`: `score_`, the ensemble's out-of-fold score with its interval; `scores_`, the same for every
    member and the `floor`, and for the `ensemble` by other usual metrics too; `oof_` `(n, classes)`, the mean
    over repeats; `folds_`; `recipe_`.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 3)) + np.repeat([0, 2], 30)[:, None]
    >>> model = HoldfastClassifier().fit(X, np.repeat(["low", "high"], 30))
    >>> model.classes_.tolist(), model.predict([[2, 2, 2]]).tolist(), model.score_.value < 0.4
    (['high', 'low'], ['high'], True)
    """

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit all members on all folds. `X`: `(n, features)` or `(n, steps, channels)`, NaN for gaps.

        `groups`: `(n,)`, what must not stand on both sides of a split. Raises ValueError.
        """
        X, y = self._checked(X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class only ({self.classes_[0]}); expected two or more")
        target = TargetSpec(kind="classes", column="y", names=tuple(str(name) for name in self.classes_))
        self._fit(X, codes.astype(np.int64), groups, target)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities `(n, classes)` in the order of `classes_`: the mean over folds and repeats."""
        return self._predict(X)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sample."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


class HoldfastRegressor(RegressorMixin, _Holdfast):
    """A recipe's members over its folds, as a scikit-learn regressor of tables and windows.

    As HoldfastClassifier, for real values: the default is ridge regression (random trees on window
    statistics), rmse, and folds that are even in y, or of whole groups. `oof_` is `(n,)`.

    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> HoldfastRegressor().fit(X, 3 * X[:, 0]).predict([[1.0, 0.0]]).round(1).tolist()
    [2.9]
    """

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit all members on all folds. `X`: `(n, features)` or `(n, steps, channels)`, NaN for gaps.

        `groups`: `(n,)`, what must not stand on both sides of a split. Raises ValueError.
        """
        X, y = self._checked(X, y, y_numeric=True)
        self._fit(X, y.astype(np.float64), groups, TargetSpec(kind="real", column="y"))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """A value for each sample: the mean over folds and repeats."""
        return self._predict(X)


def _scaled(predictions: np.ndarray) -> np.ndarray:
    """Probabilities with rows that sum to one; values as they are."""
    return predictions / predictions.sum(axis=1, keepdims=True) if predictions.ndim == 2 else predictions


def _as_groups(groups: Any, y: np.ndarray) -> np.ndarray | None:
    """Groups as text, one a sample, none missing, at least two."""
    if groups is None:
        return None
    import pandas as pd

    given = column_or_1d(groups)
    check_consistent_length(y, given)
    missing = np.flatnonzero(pd.isna(given))
    if len(missing):
        raise ValueError(f"groups: missing for {len(missing)} samples, the first is sample {missing[0]}")
    made = given.astype(str)
    if len(np.unique(made)) < 2:
        raise ValueError(f"groups: one group only ({made[0]}) splits nothing; leave groups out")
    return made


def _recipe_for(given: Any, train: Dataset, target: TargetSpec) -> tuple[Recipe, Path]:
    """The recipe with what it does not say filled in, and the folder that its paths are relative to."""
    if isinstance(given, str | Path):
        return load_recipe(given), Path(given).parent
    if isinstance(given, Recipe):
        return given, Path()
    if not isinstance(given, dict | None):
        raise BadInput(f"recipe: expected None, a Recipe, a dict or the name of a YAML file, got {given!r}")
    values = dict(given) if given is not None else {"members": QUICK[train.kind, target.kind]}
    if values.get("data") is not None:
        raise BadInput("recipe: data: an estimator learns from X and y; leave data out")
    values.setdefault("metric", METRIC[target.kind])
    if "folds" not in values:
        values["folds"] = _default_folds(train, target)
    return load_recipe(values), Path()


def _default_folds(train: Dataset, target: TargetSpec) -> dict[str, Any]:
    """Five folds, or as many as the rarest class (for values: the samples) has groups or samples."""
    grouped = train.groups is not None
    unit = "group" if grouped else "sample"
    if target.kind == "real":
        most = len(train) if train.groups is None else len(np.unique(train.groups))
        return {"kind": "group" if grouped else "stratified", "k": min(FOLDS, most)}
    held = units_per_class(train, target)
    rarest = int(held.argmin())
    if held[rarest] < 2:
        raise ValueError(
            f"y: class {target.names[rarest]} has 1 {unit} only, so no fold could both learn and score it;"
            " join it with another class, or leave it out"
        )
    return {"kind": "stratified_group" if grouped else "stratified", "k": min(FOLDS, int(held[rarest]))}
