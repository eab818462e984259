"""Networks train with every loss, and a loss is told of its training part alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from holdfast.data.dataset import Dataset
from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.folds.inner import inner_split
from holdfast.keys import seed_of
from holdfast.recipe.registry import known
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import Attribute
from holdfast.testing import example_of
from holdfast.testing.samples import CLASSES, tiny_data

FOR_CLASSES = [name for name, cls in known("loss").items() if "classes" in example_of(cls).targets]  # type: ignore[attr-defined]
SEED = 5
MADE = CLASSES.model_copy(
    update={
        "attributes": (
            Attribute(name="age", values=("young", "grown", "old"), of_class=(0, 1, 2), ordered=True),
            Attribute(name="moves", values=("no", "yes"), of_class=(0, 0, 1)),
        )
    }
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def skewed() -> Dataset:
    """Simulated windows in which one class is rare; its 4 samples cannot be spread evenly over any split."""
    data = tiny_data()
    assert data.target is not None
    return replace(data, target=np.where((data.target == 2) & (data.order % 5 < 3), 0, data.target))  # type: ignore[operator]


def member(loss: Any, head: str = "joint", **fit: Any) -> MemberSpec:
    values = {
        "metric": "accuracy", "folds": "stratified", "fit": {"epochs": 1, "batch_size": 8, "precision": "32", **fit},
        "members": {"one": {"model": {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}}, "loss": loss, "head": head}},
    }  # fmt: skip
    return resolve(Recipe.model_validate(values), "one", tiny_data(), MADE)


def weights(loss: Any, data: Dataset, **fit: Any) -> dict[str, np.ndarray]:
    fitted: Any = fit_member(member(loss, **fit), data, MADE, SEED, 1)
    return {name: value.numpy() for name, value in fitted.net.state_dict().items()}


@pytest.mark.parametrize("name", FOR_CLASSES)
def test_network_trains_with(name: str) -> None:
    data = skewed()
    one: Any = example_of(known("loss")[name])
    head = "sigmoid" if one.activation == "sigmoid" else "joint"
    for_attributes = name in ("by_attribute", "ordinal")
    fitted = fit_member(member(one.entry(), "per_attribute" if for_attributes else head), data, MADE, SEED, 1)
    said = fitted.predict(data)
    assert np.isfinite(said).all()
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["logit_adjusted", "ldam"])
def test_counts_are_those_of_the_part_that_is_learned_from(name: str) -> None:
    """Neither the scored fold nor the rows that the inner split watches are counted."""
    data, fit = skewed(), {"best": True, "inner": 0.3}
    split = inner_split(data.target, data.groups, fit["inner"], seed_of(SEED, "inner"))  # type: ignore[arg-type]
    assert split is not None
    assert data.target is not None
    learned, whole = (np.bincount(y, minlength=3).tolist() for y in (data.target[split[0]], data.target))
    assert not np.allclose(np.array(learned) / sum(learned), np.array(whole) / sum(whole))
    counted = weights(name, data, **fit)
    given = weights({name: {"counts": learned}}, data, **fit)
    other = weights({name: {"counts": whole}}, data, **fit)
    assert all(np.array_equal(counted[key], given[key]) for key in counted)
    assert not all(np.array_equal(counted[key], other[key]) for key in counted)


def test_sum_of_what_takes_no_shares_takes_none() -> None:
    values = {
        "metric": "accuracy", "folds": "stratified", "augment": ["mixup"],
        "members": {"one": {"model": "conv_residual", "loss": {"sum": {"of": ["focal", "ldam"]}}}},
    }  # fmt: skip
    with pytest.raises(BadInput, match="sum takes one class a sample, but mixup mixes them"):
        resolve(Recipe.model_validate(values), "one", tiny_data(), CLASSES)
