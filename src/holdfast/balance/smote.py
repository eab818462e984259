"""New rows of tables between the rows of a rare class."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from holdfast.balance.base import Balance
from holdfast.errors import BadInput
from holdfast.keys import seed_of
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

DANGER = 10  # neighbours of all classes by which borderline and svm judge a row, imbalanced-learn's default
# what imbalanced-learn says where a variant finds no row of the class to start from
NOWHERE_TO_START = ("belong to the majority", "No samples will be generated", "considered as noise")


@component("smote")
class Smote(Balance):
    """New rows between a row of a class and its neighbours, till classes are equal (SMOTE, Chawla et al. 2002).

    On the table that the estimator sees, after features and selection. Variants choose where to start:
    borderline (Han et al. 2005) and adasyn (He et al. 2008) near other classes, svm (Nguyen et al. 2011) at
    support vectors, with new rows beyond them too. A class with one sample, or one in which the variant finds no
    row to start from, stays as it is. A new row belongs to the group of the nearest row of its class.
    """

    of_tables: ClassVar[bool] = True

    variant: Literal["smote", "borderline", "svm", "adasyn"] = Field(
        "smote", description="imbalanced-learn's sampler: SMOTE, BorderlineSMOTE, SVMSMOTE or ADASYN"
    )
    k_neighbors: int = Field(
        5, ge=1, description="neighbours to go towards; fewer where a class has fewer other samples"
    )

    def extra(
        self, X: np.ndarray, y: np.ndarray, target: TargetSpec, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        counts = np.bincount(y)
        rare = np.flatnonzero((counts > 1) & (counts < counts.max()))
        if len(rare) and not np.isfinite(X).all():
            raise BadInput("balance.smote: the table has gaps; put impute under prepare, or take oversample")
        made = [(self._new_rows(X, y, code, counts, seed), code) for code in rare.tolist()]
        made = [(new, code) for new, code in made if len(new)]
        if not made:
            return None
        labels = [np.full(len(new), code, dtype=y.dtype) for new, code in made]
        rows = [_nearest(new, X, np.flatnonzero(y == code)) for new, code in made]
        return np.concatenate([new for new, _ in made]), np.concatenate(labels), np.concatenate(rows)

    def _new_rows(self, X: np.ndarray, y: np.ndarray, code: int, counts: np.ndarray, seed: int) -> np.ndarray:
        """Rows `(m, features)` of one class; one class at a time, since each has its own number of neighbours."""
        try:
            whole, _ = self._sampler(code, counts, seed).fit_resample(X, y)
        except (RuntimeError, ValueError) as error:
            if not any(text in str(error) for text in NOWHERE_TO_START):
                raise
            return X[:0]
        return whole[len(X) :].astype(X.dtype, copy=False)

    def _sampler(self, code: int, counts: np.ndarray, seed: int) -> Any:
        from imblearn.over_sampling import ADASYN, SMOTE, SVMSMOTE, BorderlineSMOTE

        k = min(self.k_neighbors, int(counts[code]) - 1)
        given = {
            "sampling_strategy": {code: int(counts.max())},
            "random_state": seed_of(seed, "smote", code) % 2**32,
        }
        if self.variant == "smote":
            return SMOTE(k_neighbors=k, **given)
        if self.variant == "adasyn":
            return ADASYN(n_neighbors=k, **given)
        sampler = BorderlineSMOTE if self.variant == "borderline" else SVMSMOTE
        return sampler(k_neighbors=k, m_neighbors=min(DANGER, int(counts.sum()) - 1), **given)


def _nearest(new: np.ndarray, X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which of `rows` of `X` each new row is nearest to."""
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=1).fit(X[rows]).kneighbors(new, return_distance=False)
    return rows[found[:, 0]]
