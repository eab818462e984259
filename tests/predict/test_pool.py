"""Attributes that a group shares, pooled over its samples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.predict.pool import check_pool, pooled
from holdfast.recipe.schema import Predict
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.testing.samples import tiny_data

CODES = np.arange(12)
MASK = Attribute(name="mask", values=("worn", "none"), of_class=tuple(CODES // 6))
GENDER = Attribute(name="gender", values=("male", "female"), of_class=tuple(CODES // 3 % 2))
AGE = Attribute(name="age", values=("young", "grown", "old"), of_class=tuple(CODES % 3), ordered=True)
JOINT = TargetSpec(kind="classes", names=tuple(map(str, CODES)), attributes=(MASK, GENDER, AGE))


def said(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(12), size=n)


def test_marginal_becomes_the_geometric_mean() -> None:
    shares, groups = said(5), np.array(["b", "a", "b", "a", "b"])
    made = pooled(shares, groups, JOINT, ["age"])
    for group in "ab":
        mine = groups == group
        mean = np.exp(np.log(AGE.marginal(shares[mine])).mean(axis=0))
        np.testing.assert_allclose(
            AGE.marginal(made[mine]), np.tile(mean / mean.sum(), (mine.sum(), 1)), rtol=1e-4
        )
    np.testing.assert_allclose(made.sum(axis=1), 1)


def test_what_is_said_of_the_rest_stays() -> None:
    shares = said(4)
    made = pooled(shares, np.zeros(4), JOINT, ["age"])
    for value in range(3):
        mine = np.array(AGE.of_class) == value
        before, after = (part[:, mine] / part[:, mine].sum(axis=1, keepdims=True) for part in (shares, made))
        np.testing.assert_allclose(after, before, rtol=1e-4)


def test_products_of_attributes_pool_each_by_itself() -> None:
    rng = np.random.default_rng(1)
    mask, gender, age = (rng.dirichlet(np.ones(k), size=3) for k in (2, 2, 3))
    shares = np.einsum("na,nb,nc->nabc", mask, gender, age).reshape(3, 12)
    made = pooled(shares, np.zeros(3), JOINT, ["gender", "age"])
    for attribute, own in ((GENDER, gender), (AGE, age)):
        mean = np.exp(np.log(own).mean(axis=0))
        np.testing.assert_allclose(attribute.marginal(made), np.tile(mean / mean.sum(), (3, 1)), rtol=1e-4)
    np.testing.assert_allclose(MASK.marginal(made), mask, rtol=1e-4)


def test_sample_alone_in_its_group_stays() -> None:
    shares = said(3).astype(np.float32)
    shares[0] = np.eye(12)[4]
    assert np.array_equal(pooled(shares, np.array([3, 1, 2]), JOINT, ["age", "gender"]), shares)
    assert pooled(shares, np.zeros(3), JOINT, ["age"]).dtype == np.float32


def test_without_names_nothing_moves() -> None:
    shares = said(3)
    np.testing.assert_allclose(pooled(shares, np.zeros(3), JOINT, []), shares, atol=1e-6)


def test_zeros_are_no_veto_against_finite_numbers() -> None:
    shares = np.stack([np.eye(12)[0], np.eye(12)[2], np.eye(12)[2]])
    made = pooled(shares, np.zeros(3), JOINT, ["age"])
    assert np.isfinite(made).all()
    assert (AGE.marginal(made).argmax(axis=1) == 2).all(), "two of three are sure that it is old"


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(7)), st.permutations(["gender", "age"]))
def test_order_does_not_matter(order: list[int], names: list[str]) -> None:
    shares, groups = said(7), np.array([0, 0, 1, 1, 1, 2, 0])
    made = pooled(shares, groups, JOINT, ["gender", "age"])
    np.testing.assert_allclose(pooled(shares[order], groups[order], JOINT, names), made[order], rtol=1e-9)


def photos(shared: bool = True, groups: bool = True) -> Dataset:
    """Simulated photos of 6 persons, whose age is the same in each, or not."""
    person = np.repeat(np.arange(6), 6)
    age = person % 3 if shared else np.arange(36) % 3
    data = replace(tiny_data("images"), target=6 * (np.arange(36) % 2) + age)
    return data if groups else replace(data, groups=None)


def test_what_can_be_pooled_passes() -> None:
    check_pool(["age", "gender"], JOINT, photos(), None)
    check_pool(["age"], JOINT, photos(), photos())
    check_pool([], JOINT, photos(groups=False), photos(groups=False))


def test_few_wrong_labels_are_no_obstacle() -> None:
    data = photos()
    assert data.target is not None
    target = data.target.copy()
    target[0] = (target[0] + 1) % 3
    check_pool(["age"], JOINT, replace(data, target=target), None)


@pytest.mark.parametrize(
    ("names", "train", "test", "match"),
    [
        (["aeg"], photos(), None, "no attribute is named 'aeg'; did you mean 'age'"),
        (["age"], photos(groups=False), None, "no groups are known"),
        (["age"], photos(), photos(groups=False), "the test set does not tell the groups"),
        (["age"], photos(shared=False), None, "'age' takes several values in 100% of the groups, as in 'g0'"),
        (["mask"], photos(), None, "'mask' takes several values"),
    ],
)
def test_what_cannot_be_pooled_is_refused(names: list[str], train: Dataset, test: Any, match: str) -> None:
    with pytest.raises(BadInput, match=match):
        check_pool(names, JOINT, train, test)


def test_recipe_takes_one_name_or_several() -> None:
    assert Predict.model_validate({"pool": "age"}).pool == ("age",)
    assert Predict.model_validate({"pool": ["age", "gender"]}).pool == ("age", "gender")
    assert Predict().pool == ()
    with pytest.raises(ValidationError):
        Predict.model_validate({"pool": {"age": 1}})
