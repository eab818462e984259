"""A coarse model first, then one for the fine classes of each coarse one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from holdfast.errors import BadInput
from holdfast.folds.inner import inner_folds
from holdfast.keys import seed_of
from holdfast.models.base import Estimator
from holdfast.models.nested import check_inside, estimator_inside, fit_inside
from holdfast.recipe.registry import Component, Named, component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    from holdfast.data.dataset import Dataset

_Inside = Annotated[Component, Named("model")]


@component("two_stage")
class TwoStage(Estimator):
    """First a coarse class (static or moving), then the class inside it; the two probabilities are multiplied.

    A local classifier at each parent node of a hierarchy (Silla and Freitas 2011). Where no grouping is given, it is
    learned from which classes `first` confuses on inner, group-aware folds of the training part.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"classes"})
    uses_groups: ClassVar[bool] = True

    first: _Inside = Field("logistic", description="model of the coarse classes")  # type: ignore[assignment]
    second: _Inside = Field("logistic", description="model inside each coarse class")  # type: ignore[assignment]
    grouping: dict[str, tuple[str, ...]] | None = Field(
        None,
        description="class names by coarse class, as in {static: [sit, stand], moving: [walk]}; null: learned",
    )
    coarse: int = Field(2, ge=2, description="coarse classes to learn, where no grouping is given")
    inner: int = Field(4, ge=2, description="inner folds that a learned grouping looks at")

    @field_validator("grouping", mode="before")
    @classmethod
    def _names_as_text(cls, value: Any) -> Any:
        """YAML reads class names such as 1 as numbers."""
        if not isinstance(value, dict):
            return value
        return {
            str(coarse): [str(name) for name in names] if isinstance(names, list | tuple) else names
            for coarse, names in value.items()
        }

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        check_inside(self.first, {"table"}, target, train, f"{where}.first")
        check_inside(self.second, {"table"}, target, train, f"{where}.second")
        if self.grouping is not None:
            _check_grouping(self.grouping, target, f"{where}.grouping")
        elif self.coarse >= target.n_classes:
            raise BadInput(
                f"{where}.coarse: {self.coarse} coarse classes of {target.n_classes} classes leave nothing for the"
                f" second stage; expected {target.n_classes - 1} or fewer"
            )

    def weighted(self) -> bool:
        return estimator_inside(self.first).weighted() and estimator_inside(self.second).weighted()

    def build(self, target: TargetSpec, seed: int, threads: int) -> Any:
        return TwoStageEstimator(self, target, seed, threads)


def _check_grouping(grouping: dict[str, tuple[str, ...]], target: TargetSpec, where: str) -> None:
    """Raises BadInput unless each class stands in one coarse class, and there are two or more of these."""
    if len(grouping) < 2:
        raise BadInput(f"{where}: expected two or more coarse classes, got {len(grouping)}")
    held: dict[str, str] = {}
    for coarse, names in grouping.items():
        target.codes_of(list(names), f"{where}.{coarse}")
        for name in names:
            if name in held:
                raise BadInput(
                    f"{where}.{coarse}: class {name!r} stands in {held[name]} too; expected each class once"
                )
            held[name] = coarse
    if missing := [name for name in target.names if name not in held]:
        raise BadInput(f"{where}: {', '.join(missing)} stands in no coarse class; expected each class once")


class TwoStageEstimator:
    """`fit(X, y)` on tables; after it `hierarchy_` holds the codes of each coarse class, `facts_` the names."""

    def __init__(self, spec: TwoStage, target: TargetSpec, seed: int, threads: int):
        self.spec, self.target, self.seed, self.threads = spec, target, seed, threads

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> TwoStageEstimator:
        self.classes_ = np.unique(y)
        first, second = estimator_inside(self.spec.first), estimator_inside(self.spec.second)
        part = _Part(X, y, sample_weight, groups)
        self.hierarchy_ = self._given() if self.spec.grouping is not None else self._learned(first, part)
        names = {name: [self.target.names[c] for c in codes] for name, codes in self.hierarchy_.items()}
        self.facts_ = {"hierarchy": names}
        place = np.zeros(self.target.n_classes, dtype=np.int64)
        for i, codes in enumerate(self.hierarchy_.values()):
            place[codes] = i
        coarse = _Part(X, place[y], sample_weight, groups)
        self.first_ = self._stage(first, tuple(self.hierarchy_), coarse, "first")
        self.seconds_ = []
        for name, codes in self.hierarchy_.items():
            inside = part.coded(codes)
            self.seconds_.append(self._stage(second, tuple(names[name]), inside, f"second {name}"))
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        out = np.zeros((len(X), len(self.classes_)))
        coarse = _shares(self.first_, len(self.hierarchy_), X)
        for i, (codes, second) in enumerate(zip(self.hierarchy_.values(), self.seconds_)):
            fine = _shares(second, len(codes), X)
            out[:, np.searchsorted(self.classes_, codes)] = coarse[:, i : i + 1] * fine
        return out

    def _given(self) -> dict[str, np.ndarray]:
        """The recipe's grouping, as far as the training part holds its classes."""
        assert self.spec.grouping is not None
        codes = {
            name: np.intersect1d(self.target.codes_of(list(names), "grouping"), self.classes_)
            for name, names in self.spec.grouping.items()
        }
        return {name: there for name, there in codes.items() if len(there)}

    def _learned(self, first: Estimator, part: _Part) -> dict[str, np.ndarray]:
        """Coarse classes from the mean held-out probabilities of each class (rows) for all classes (columns)."""
        part, every = part.coded(self.classes_), np.arange(len(part.y))
        names = tuple(self.target.names[c] for c in self.classes_)
        folds = inner_folds(part.y, part.groups, self.spec.inner, seed_of(self.seed, "grouping"))
        said, seen = np.zeros((len(every), len(names))), np.zeros(len(every), dtype=bool)
        for i, (learn, watch) in enumerate(folds or [(every, every)]):  # one unit: nothing to hold out
            model = self._stage(first, names, part.take(learn), f"inner {i}")
            said[watch], seen[watch] = _shares(model, len(names), part.X[watch]), True
        held = [said[seen & (part.y == c)] for c in range(len(names))]
        confusion = np.stack([one.sum(axis=0) / max(1, len(one)) for one in held])
        found = groups_of_confusion(confusion, self.spec.coarse)
        return {f"coarse-{i}": self.classes_[members] for i, members in enumerate(found)}

    def _stage(self, model: Estimator, names: tuple[str, ...], part: _Part, purpose: str) -> Any:
        """The model fitted on codes 0, 1, … of `names`; a part that holds one of them only needs none."""
        if len(np.unique(part.y)) < 2:
            from sklearn.dummy import DummyClassifier

            return DummyClassifier(strategy="prior").fit(part.X, part.y)
        target = TargetSpec(kind="classes", column=self.target.column, names=names)
        seed = seed_of(self.seed, purpose)
        return fit_inside(model, target, seed, self.threads, part.X, part.y, part.weights, part.groups)


@dataclass(frozen=True)
class _Part:
    """Rows to learn from."""

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None

    def take(self, rows: np.ndarray) -> _Part:
        return _Part(
            self.X[rows],
            self.y[rows],
            None if self.weights is None else self.weights[rows],
            None if self.groups is None else self.groups[rows],
        )

    def coded(self, classes: np.ndarray) -> _Part:
        """The rows of these classes, ascending, coded 0, 1, …"""
        there = self.take(np.flatnonzero(np.isin(self.y, classes)))
        return replace(there, y=np.searchsorted(classes, there.y))


def _shares(model: Any, n_classes: int, X: np.ndarray) -> np.ndarray:
    """Probabilities `(n, n_classes)`; classes that the model never saw get none."""
    out = np.zeros((len(X), n_classes))
    out[:, model.classes_] = model.predict_proba(X)
    return out


def groups_of_confusion(confusion: np.ndarray, count: int) -> list[np.ndarray]:
    """`count` groups of classes (all alone where there are fewer) that are taken for one another, by average linkage.

    `confusion[t, p]`: the mean probability of class p where t is true. Groups stand in the order of their first class.

    >>> confusion = np.array([[0.7, 0.0, 0.3], [0.1, 0.9, 0.0], [0.4, 0.0, 0.6]])
    >>> [members.tolist() for members in groups_of_confusion(confusion, 2)]
    [[0, 2], [1]]
    """
    if len(confusion) <= count:
        return [np.array([c]) for c in range(len(confusion))]
    from sklearn.cluster import AgglomerativeClustering

    apart = 1 - (confusion + confusion.T) / 2
    np.fill_diagonal(apart, 0)
    clusters = AgglomerativeClustering(count, metric="precomputed", linkage="average").fit_predict(apart)
    members = [np.flatnonzero(clusters == cluster) for cluster in range(count)]
    return sorted(members, key=lambda group: int(group[0]))
