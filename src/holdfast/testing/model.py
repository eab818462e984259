"""The contract of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from holdfast.data.dataset import Dataset
from holdfast.engine.threads import limited
from holdfast.fit.member import Fitted, fit_member, load_fitted
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.models.base import Network
from holdfast.recipe.schema import Recipe
from holdfast.testing.base import ComponentContract, example_of
from holdfast.testing.samples import CLASSES, SHAPES, TARGETS, tiny_data

# Sizes for tests: those of a model's fields that are named here take these values.
SMALL = {
    "n_estimators": 4,
    "iterations": 4,
    "n_groups": 4,
    "n_kernels": 84,
    "width": 4,
    "dense": 4,
    "inner": 2,
    "max_iter": 50,
    "min_child_samples": 2,
    "backbone": "test_resnet",
}
LEARN, OTHER = np.arange(0, 24), np.arange(24, 36)

_fitted: dict[Any, Fitted] = {}


class ModelContract(ComponentContract):
    """Fitted on a training part through the pipeline that a run uses; predicts rows that sum to one, values, or grids."""

    small: ClassVar[dict[str, Any]] = SMALL

    @pytest.fixture(autouse=True)
    def _one_thread(self) -> Iterator[None]:
        with limited(1):
            yield

    def cases(self) -> Iterator[tuple[MemberSpec, Dataset, str]]:
        """Every kind of data and of target that the model takes."""
        model = example_of(type(self.component), self.small)
        for kind in sorted(self.component.takes):
            for target in sorted(self.component.targets):
                plain = {
                    "metric": "accuracy" if target == "classes" else "rmse",
                    "folds": "stratified",
                    "fit": {"epochs": 1, "batch_size": 8, "precision": "32"},
                    "members": {"one": {"model": model.entry()}},
                }
                if kind in SHAPES and (kind == "frames") == (target == "grid"):
                    data = tiny_data(kind, target)
                    yield resolve(Recipe.model_validate(plain), "one", data, TARGETS[target]), data, target

    def fitted(self, member: MemberSpec, data: Dataset, target: str) -> Fitted:
        """The model on the training part; fitted once for all tests of a class."""
        key = (type(self), data.kind, target)
        if key not in _fitted:
            _fitted[key] = fit_member(member, data.take(LEARN), TARGETS[target], seed=3, threads=1)
        return _fitted[key]

    def test_predictions_have_the_form_of_the_target(self) -> None:
        for member, data, target in self.cases():
            made = self.fitted(member, data, target).predict(data)
            assert made.dtype == np.float32
            assert np.isfinite(made).all()
            spec = TARGETS[target]
            assert made.shape == (
                len(data),
                *{"classes": (spec.n_classes,), "real": (), "grid": spec.shape}[target],
            )
            if target == "grid":
                assert (made >= 0).all()
            if target == "classes":
                assert (made >= 0).all()
                np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-5)

    def test_only_the_training_part_and_the_seed_decide(self) -> None:
        """Fitted again, with all other samples changed, it predicts the same to the bit."""
        for member, data, target in self.cases():
            source = data.source.copy()
            source[OTHER] = 255 - source[OTHER] if data.dtype == np.uint8 else source[OTHER] * -50 + 1000
            assert data.target is not None
            y = data.target.copy()
            y[OTHER] = y[OTHER][::-1]
            more = {}
            for name in ("grids", "flow"):
                if (held := getattr(data, name)) is not None:
                    more[name] = np.concatenate([held[LEARN], 3 * held[OTHER] + 7])
            changed = replace(data, source=source, target=y, **more).take(LEARN)
            again = fit_member(member, changed, TARGETS[target], seed=3, threads=1)
            assert np.array_equal(again.predict(data), self.fitted(member, data, target).predict(data))

    def test_input_is_left_alone(self) -> None:
        for member, data, target in self.cases():
            held = [array for array in (data.source, data.flow) if array is not None]
            kept = [array.copy() for array in held]
            self.fitted(member, data, target).predict(data)
            assert all(np.array_equal(array, copy) for array, copy in zip(held, kept))

    def test_prediction_of_a_sample_does_not_depend_on_the_others(self) -> None:
        for member, data, target in self.cases():
            fitted, some = self.fitted(member, data, target), np.array([30, 1, 12])
            whole = fitted.predict(data)
            np.testing.assert_allclose(fitted.predict(data.take(some)), whole[some], rtol=1e-4, atol=1e-5)

    def test_saved_and_loaded_predicts_the_same(self, tmp_path: Path) -> None:
        for i, (member, data, target) in enumerate(self.cases()):
            fitted = self.fitted(member, data, target)
            fitted.save(tmp_path / str(i))
            assert np.array_equal(load_fitted(tmp_path / str(i)).predict(data), fitted.predict(data))

    def test_class_absent_from_training_keeps_its_column(self) -> None:
        for member, data, target in self.cases():
            if target != "classes":
                continue
            assert data.target is not None
            rows = np.flatnonzero(data.target != 1)
            made = fit_member(member, data.take(rows), CLASSES, seed=0, threads=1).predict(data)
            assert made.shape == (len(data), 3)
            np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-5)
            if not isinstance(self.component, Network):
                assert made[:, 1].max() < 0.05
