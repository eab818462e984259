"""A classifier that tells two sets of samples apart, and how well it does on groups that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.keys import seed_of
from holdfast.metrics.intervals import ends

FOLDS = 3
ROUNDS = 25
TREES: dict[str, Any] = {
    "objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 10, "feature_fraction": 0.5,
    "max_bin": 31, "num_threads": 1, "deterministic": True, "force_col_wise": True, "verbose": -1,
}  # fmt: skip
RESAMPLES = 400


@dataclass(frozen=True)
class Told:
    """How well two sides are told apart: AUC with its 95 % interval, and the share of the gain of each feature."""

    auc: float
    low: float
    high: float
    gains: np.ndarray

    def __str__(self) -> str:
        return f"{self.auc:.2f} [{self.low:.2f}, {self.high:.2f}]"


def tell_apart(X: np.ndarray, side: np.ndarray, groups: np.ndarray, seed: int) -> Told:
    """Tells samples of side 1 from those of side 0, `(m,)`, by features `(m, f)`; out-of-fold, with groups whole.

    Adversarial validation. `groups`: codes; a sample's own number where no group is known. Boosted trees, since a
    shift may be of any form. The interval is a bootstrap over groups of both sides (expanded percentiles).
    """
    score, gains = out_of_fold(X, side, groups, seed)
    low, high = _interval(score, side, groups, seed)
    return Told(auc_of(score, side, np.ones(len(side))), low, high, gains / max(gains.sum(), 1e-12))


def out_of_fold(
    X: np.ndarray, side: np.ndarray, groups: np.ndarray, seed: int, binned: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """How much each sample looks like side 1, as its rank within its fold, and the gain of each feature.

    `binned`: `X` as `bins_of` gives it, where it is asked more than once.
    """
    import lightgbm

    score, gains = np.full(len(X), 0.5), np.zeros(X.shape[1])
    fold, binned = fold_of(side, groups, seed), bins_of(X) if binned is None else binned
    for k in range(FOLDS):
        held = fold == k
        if not held.any() or len(np.unique(side[~held])) < 2:
            continue
        part, label = binned.subset(np.flatnonzero(~held)).construct(), side[~held]
        part.set_label(label).set_weight((len(label) / 2 / np.bincount(label))[label])
        model = lightgbm.train({**TREES, "seed": seed % 2**31}, part, ROUNDS)
        score[held] = _within(np.asarray(model.predict(X[held])))
        gains += model.feature_importance("gain")
    return score, gains


def bins_of(X: np.ndarray) -> Any:
    """Features `(m, f)` cut into bins for boosted trees: what takes longest of a small fit."""
    import lightgbm

    return lightgbm.Dataset(X, np.zeros(len(X)), params=TREES, free_raw_data=False).construct()


def fold_of(side: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each sample: groups whole, those of each side dealt out evenly."""
    rng, fold = np.random.default_rng(seed), np.empty(len(side), dtype=np.int64)
    for which in (0, 1):
        names, codes, counts = np.unique(groups[side == which], return_inverse=True, return_counts=True)
        order = np.argsort(-counts * rng.uniform(0.9, 1.1, len(names)))
        place, held = np.empty(len(names), dtype=np.int64), np.zeros(FOLDS)
        for g in order:  # the largest first, each to the fold that holds least
            place[g] = held.argmin()
            held[place[g]] += counts[g]
        fold[side == which] = place[codes]
    return fold


def auc_of(score: np.ndarray, side: np.ndarray, weight: np.ndarray) -> float:
    """Area under the ROC curve with weights, ties counted half; NaN where a side has no weight."""
    values, codes = np.unique(score, return_inverse=True)
    ones = np.bincount(codes, weights=weight * side, minlength=len(values))
    zeros = np.bincount(codes, weights=weight * (1 - side), minlength=len(values))
    if ones.sum() == 0 or zeros.sum() == 0:
        return float("nan")
    below = np.cumsum(zeros) - zeros / 2
    return float((ones * below).sum() / (ones.sum() * zeros.sum()))


def _interval(score: np.ndarray, side: np.ndarray, groups: np.ndarray, seed: int) -> tuple[float, float]:
    units = np.unique(np.stack([side, groups]), axis=1, return_inverse=True)[1].ravel()
    rng, count = np.random.default_rng(seed), int(units.max()) + 1
    draws = [
        auc_of(
            score, side, np.bincount(rng.integers(count, size=count), minlength=count)[units].astype(float)
        )
        for _ in range(RESAMPLES)
    ]
    return ends(np.array(draws), count)


def _within(score: np.ndarray) -> np.ndarray:
    """Ranks from 0 to 1: folds' models have other levels, and scores are pooled."""
    from scipy.stats import rankdata

    return rankdata(score) / (len(score) + 1)


def pretended(
    X: np.ndarray, groups: np.ndarray, share: float, grouped: bool, times: int, seed: int
) -> np.ndarray:
    """AUC of telling some of the groups from the others, `times` times with other groups drawn: what no shift gives.

    `share`: of the groups that are drawn. Where persons differ, any are told from others, the more so where it
    is not known (`grouped` False) which samples of side 1 are of one person: then they stand on both sides of its folds.
    """
    names = np.unique(groups)
    count = min(max(1, round(share * len(names))), len(names) - 1)
    alone = groups.max() + 1 + np.arange(len(groups))
    made, binned = [], bins_of(X)
    for i in range(times):
        drawn = np.random.default_rng(seed_of(seed, "pretended", i)).permutation(names)[:count]
        side = np.isin(groups, drawn).astype(np.int64)
        units = groups if grouped else np.where(side == 1, alone, groups)
        made.append(auc_of(out_of_fold(X, side, units, seed, binned)[0], side, np.ones(len(side))))
    return np.array(made)
