"""How much of the target a small tree tells from a feature or two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FOLDS = 3
LEAF = 3  # samples
BINS = 32  # at most
A_BIN = 10  # samples


def told(
    X: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None,
    splits: Sequence[tuple[np.ndarray, np.ndarray]] = (),
) -> float:
    """Balanced accuracy (classes) or R² of a tree on `X` `(n, features)`, cross-validated: 0 as a constant, 1 perfect.

    By groups where they are known and at least two; `splits`: in place of drawn ones.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    classes = np.issubdtype(y.dtype, np.integer)
    X, said = np.ascontiguousarray(X, dtype=np.float32), np.full(len(y), np.nan)
    gaps = bool(np.isnan(X).any())  # without them scikit-learn need not look, which takes longer than to fit
    for train, valid in splits or split(y, groups):
        leaf = max(LEAF, len(train) // 200)
        if classes:
            tree = DecisionTreeClassifier(min_samples_leaf=leaf, random_state=0)
        else:
            tree = DecisionTreeRegressor(min_samples_leaf=leaf, random_state=0)
        weight = _balanced(y[train]) if classes else None
        tree.fit(X[train], y[train], sample_weight=weight, check_input=gaps)
        said[valid] = tree.predict(X[valid], check_input=gaps)
    scored = ~np.isnan(said)
    return above_constant(y[scored], said[scored], classes)


def _balanced(y: np.ndarray) -> np.ndarray:
    """A weight for each sample by which all classes weigh the same."""
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    return np.asarray(len(y) / len(counts) / counts[codes])


def above_constant(y: np.ndarray, said: np.ndarray, classes: bool) -> float:
    """
    >>> above_constant(np.array([0, 0, 0, 1]), np.array([0.0, 0, 0, 0]), True)
    0.0
    """
    if not classes:
        spread = float(((y - y.mean()) ** 2).sum())
        return 1 - float(((y - said) ** 2).sum()) / spread if spread > 0 else 0.0
    kinds = np.unique(y)
    if len(kinds) < 2:
        return 0.0
    recall = float(np.mean([(said[y == one] == one).mean() for one in kinds]))
    return (recall - 1 / len(kinds)) / (1 - 1 / len(kinds))


def split(y: np.ndarray, groups: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """FOLDS parts of whole groups, or of shuffled samples."""
    from sklearn.model_selection import GroupKFold, KFold

    if groups is not None and len(np.unique(groups)) >= FOLDS:
        return list(GroupKFold(FOLDS, shuffle=True, random_state=0).split(y, groups=groups))
    return list(KFold(FOLDS, shuffle=True, random_state=0).split(y))


def worth_a_look(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The columns that vary, by how much they tell when cut into quantiles, best first."""
    classes = np.issubdtype(y.dtype, np.integer)
    label = np.unique(y, return_inverse=True)[1]
    score = np.full(X.shape[1], -np.inf)
    bins = max(2, min(BINS, len(X) // A_BIN))
    for j, column in enumerate(X.T):
        known = column[~np.isnan(column)]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if len(known) else known
        code = np.where(np.isnan(column), len(edges) + 1, np.searchsorted(edges, column))
        if (code == code[0]).all():
            continue
        if classes:
            kinds = int(label.max()) + 1
            counts = np.bincount(code * kinds + label, minlength=(int(code.max()) + 1) * kinds).reshape(
                -1, kinds
            )
            score[j] = (counts / counts.sum(axis=0)).max(axis=1).sum()
        else:
            count = np.maximum(np.bincount(code), 1)
            means = np.bincount(code, weights=y) / count
            score[j] = means[code].var()
    best = np.argsort(-score, kind="stable")
    return best[np.isfinite(score[best])]
