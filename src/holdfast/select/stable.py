"""Columns whose importance holds over inner folds and seeds."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from pydantic import Field

from holdfast.folds.inner import inner_folds
from holdfast.keys import seed_of
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec
from holdfast.select.base import Selection
from holdfast.select.importance import by_importance, clusters, grouped_permutation, stable


@component("stable")
class Stable(Selection):
    """Keeps clusters of correlated columns that stay important over inner folds and seeds.

    Extra trees (Geurts, Ernst and Wehenkel 2006) are fitted on the learn part of each inner, group-aware
    fold, and a cluster's columns permuted together in rows of its watched part (Gregorutti, Michel and
    Saint-Pierre 2015); what counts is the drop of the Brier score, for values of the squared error. Kept is
    what is among the first, above noise, in most of these runs (Meinshausen and Bühlmann 2010; Janitza, Celik
    and Boulesteix 2018), the best cluster at least; where no inner fold can be made (one group alone), every column.
    """

    top: int = Field(30, ge=1, description="clusters that count as the first")
    share: float = Field(
        0.8,
        gt=0,
        le=1,
        description="share of runs (inner folds × seeds) in which a cluster must be among the first",
    )
    threshold: float = Field(
        0.9, gt=0, le=1, description="mean |r| from which columns are one cluster, kept or left out together"
    )
    inner: int = Field(3, ge=2, description="inner folds, groups whole")
    seeds: int = Field(2, ge=1, description="times that inner folds and trees are drawn anew")
    repeats: int = Field(
        1, ge=1, description="permutations of each cluster in a run, of which the mean counts"
    )
    rows: int = Field(
        500, ge=10, description="most rows of a watched part that are permuted; more take longer"
    )
    n_estimators: int = Field(100, ge=1, description="trees of a run")

    def choose(
        self,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None,
        target: TargetSpec,
        seed: int,
        threads: int,
    ) -> np.ndarray:
        together = clusters(X, self.threshold)
        inputs = X.astype(np.float32)  # what trees work with: converted once
        drops = []
        for draw in range(self.seeds):
            split = inner_folds(y, groups, self.inner, seed_of(seed, "folds", draw))
            for fold, (learn, watch) in enumerate(split):
                drawn = seed_of(seed, "run", draw, fold)
                watch = np.random.default_rng(drawn).permutation(watch)[: self.rows]
                forest = self._forest(target, drawn, threads).fit(inputs[learn], y[learn])
                score_of = partial(_closeness, forest, target, threads)
                found = grouped_permutation(score_of, inputs[watch], y[watch], together, self.repeats, drawn)
                drops.append(found.mean(axis=1))
        if not drops:
            return np.arange(X.shape[1])
        runs = np.stack(drops)
        kept = stable(runs, self.top, self.share)
        kept = kept if len(kept) else by_importance(runs)[:1]
        return np.sort(np.concatenate([together[cluster] for cluster in kept]))

    def _forest(self, target: TargetSpec, seed: int, threads: int) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        kind = ExtraTreesClassifier if target.kind == "classes" else ExtraTreesRegressor
        return kind(self.n_estimators, max_features="sqrt", random_state=seed % 2**32, n_jobs=threads)


def _closeness(
    forest: Any, target: TargetSpec, threads: int, copies: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Minus the mean squared distance of probabilities (Brier 1950) or values from the truth, of each copy."""
    said = _mean_over_trees(forest, target, threads, copies.reshape(-1, copies.shape[2]))
    truth = y[:, None] if target.kind == "real" else (y[:, None] == forest.classes_).astype(np.float64)
    return -((said.reshape(len(copies), *truth.shape) - truth) ** 2).sum(axis=2).mean(axis=1)


def _mean_over_trees(forest: Any, target: TargetSpec, threads: int, X: np.ndarray) -> np.ndarray:
    """What the forest says, `(n, outputs)`: the trees in their order, where the forest adds them as threads end."""
    from joblib import Parallel, delayed

    ask = "predict" if target.kind == "real" else "predict_proba"
    asked = (delayed(getattr(tree, ask))(X, check_input=False) for tree in forest.estimators_)
    said = np.mean(Parallel(threads, prefer="threads")(asked), axis=0)
    return said.reshape(len(X), -1)
