"""The preparations of a member in order, fitted on a training part, in two halves around augmentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.prepare.base import Preparation


def check_steps(steps: Sequence[Preparation], kind: str) -> None:
    """Raises BadInput where a step does not take the kind of data, or stands where it cannot act."""
    for step in steps:
        if kind not in step.takes:
            raise BadInput(
                f"prepare: {step.name} takes {' or '.join(sorted(step.takes))}, the data are {kind}"
            )
    halves = [step.before_augment for step in steps]
    if halves != sorted(halves, reverse=True):
        first = steps[halves.index(False)].name
        late = steps[len(halves) - 1 - halves[::-1].index(True)].name
        raise BadInput(f"prepare: {late} must stand before {first}")
    closed = ""
    for step in steps:
        if step.gaps == "read" and closed:
            raise BadInput(f"prepare: {step.name} must stand before {closed}, which closes the gaps")
        closed = closed or (step.name if step.gaps == "closed" else "")


class Pipeline:
    """`before` closes gaps in the data's own units, `after` adds channels and rescales."""

    def __init__(self, steps: Sequence[Preparation], kind: str, names: tuple[str, ...]):
        check_steps(steps, kind)
        self.n_before = sum(step.before_augment for step in steps)
        self.names = [step.name for step in steps]
        self.transformers: list[Any] = [step.build(names) for step in steps]
        self.reads_files = any(step.reads_file for step in steps)  # whose content decides what they do

    def fit(self, train: Dataset) -> Pipeline:
        """Learn from the training part, each step from what the ones before it give, a chunk at a time."""
        for depth, transformer in enumerate(self.transformers):
            if hasattr(transformer, "partial_fit"):
                for chunk in self._through(train, depth, None):
                    transformer.partial_fit(chunk)
            elif hasattr(transformer, "fit"):
                transformer.fit(next(self._through(train, depth, max(len(train), 1))))
        return self

    def _through(self, data: Dataset, depth: int, size: int | None) -> Iterator[np.ndarray]:
        for chunk in data.chunks(size):
            yield _apply(self.transformers[:depth], chunk)

    @property
    def facts(self) -> dict[str, Any]:
        """What the steps have to tell, by their names."""
        told = zip(self.names, (getattr(one, "facts_", None) for one in self.transformers), strict=True)
        return {name: facts for name, facts in told if facts}

    def before(self, X: np.ndarray) -> np.ndarray:
        return _apply(self.transformers[: self.n_before], X)

    def after(self, X: np.ndarray) -> np.ndarray:
        return _apply(self.transformers[self.n_before :], X)

    def transform(self, X: np.ndarray) -> np.ndarray:
        return _apply(self.transformers, X)

    def transform_rain(self, rain: np.ndarray) -> np.ndarray:
        """Rain in mm/h, of any shape, in the scale that networks learn it in."""
        for transformer in self.transformers:
            rain = transformer.transform_rain(rain)
        return rain

    def inverse_transform(self, rain: np.ndarray) -> np.ndarray:
        """Rain in mm/h from that scale, never below 0."""
        for transformer in reversed(self.transformers):
            rain = transformer.inverse_transform(rain)
        return np.maximum(rain, 0)


def _apply(transformers: Sequence[Any], X: np.ndarray) -> np.ndarray:
    for transformer in transformers:
        X = transformer.transform(X)
    return X
