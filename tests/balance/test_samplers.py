"""Samplers by attribute and by group, and that a feed keeps the groups of its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from holdfast.errors import BadInput
from holdfast.fit.feed import Feed
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import parse
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.testing.samples import CLASSES, tiny_data

# joint classes: mask × age, mask slowest
MASK = Attribute(name="mask", values=("worn", "none"), of_class=(0, 0, 0, 1, 1, 1))
AGE = Attribute(name="age", values=("<25", "25-35", ">=35"), of_class=(0, 1, 2, 0, 1, 2), ordered=True)
JOINT = TargetSpec(kind="classes", names=tuple("abcdef"), attributes=(MASK, AGE))
Y = np.repeat(np.arange(6), [100, 40, 4, 20, 8, 2])


def balance(name: str, **fields: Any) -> Any:
    return parse("balance", {name: fields})


@pytest.mark.parametrize("name", ["class_weights", "effective_number"])
def test_weights_of_an_attribute_are_those_of_its_values_as_classes(name: str) -> None:
    alone = TargetSpec(kind="classes", names=AGE.values)
    made = balance(name, of="age").weights(Y, JOINT)
    np.testing.assert_array_equal(made, balance(name).weights(AGE.codes(Y), alone))
    assert not np.allclose(made, balance(name).weights(Y, JOINT), rtol=0.1)


def test_class_weights_of_an_attribute_even_its_values() -> None:
    sums = np.bincount(AGE.codes(Y), balance("class_weights", of="age").weights(Y, JOINT))
    assert sums == pytest.approx([len(Y) / 3] * 3, rel=1e-5)


@pytest.mark.parametrize(("of", "even"), [(None, 6), ("age", 3), ("mask", 2)])
def test_sampler_draws_what_it_is_of_equally_often(of: str | None, even: int) -> None:
    counted = {None: np.arange(6), "age": np.array(AGE.of_class), "mask": np.array(MASK.of_class)}[of]
    sampler = balance("balanced_sampler", of=of)
    drawn = np.concatenate([Y[sampler.rows(Y, JOINT, seed, None)] for seed in range(60)])
    shares = np.bincount(counted[drawn]) / len(drawn)
    assert shares == pytest.approx([1 / even] * even, abs=0.02)
    if of == "age":  # within a value the classes keep their shares: 4 to 2 among the old
        old = drawn[AGE.codes(drawn) == 2]
        assert (old == 2).mean() == pytest.approx(2 / 3, abs=0.04)


@pytest.mark.parametrize("name", ["balanced_sampler", "class_weights", "effective_number"])
def test_a_name_that_is_no_attribute_is_refused_with_the_nearest(name: str) -> None:
    balance(name, of="mask").check(JOINT)
    balance(name).check(CLASSES)
    with pytest.raises(
        BadInput, match=rf"balance\.{name}\.of: no attribute is named 'aeg'; did you mean 'age'"
    ):
        balance(name, of="aeg").check(JOINT)
    with pytest.raises(BadInput, match="no attribute is named 'age'; Known: none"):
        balance(name, of="age").check(CLASSES)


# one sample of each group

GROUPS = np.repeat(["p3", "p1", "p2", "p9"], [7, 1, 4, 2])


def test_one_of_each_group_each_equally_likely_over_epochs() -> None:
    sampler = balance("one_per_group")
    y = np.zeros(len(GROUPS), dtype=np.int64)
    drawn = np.stack([sampler.rows(y, CLASSES, seed, GROUPS) for seed in range(2000)])
    assert all(sorted(GROUPS[rows]) == ["p1", "p2", "p3", "p9"] for rows in drawn)
    shares = np.bincount(drawn.ravel(), minlength=len(GROUPS)) / len(drawn)
    np.testing.assert_allclose(shares, np.repeat([1 / 7, 1, 1 / 4, 1 / 2], [7, 1, 4, 2]), atol=0.05)


def test_one_per_group_needs_groups() -> None:
    assert balance("one_per_group").needs_groups
    with pytest.raises(BadInput, match=r"data\.group: one_per_group draws a sample of each group"):
        balance("one_per_group").rows(Y, JOINT, 0, None)


def feed(balances: list[Any], grouped: bool = True) -> Feed:
    data = tiny_data()  # six groups of six
    assert data.target is not None
    data = data if grouped else replace(data, groups=None)
    pipeline = Pipeline([], "windows", data.names).fit(data)
    held: Any = [parse("balance", one) for one in balances]
    return Feed(data, data.target, pipeline, (), held, CLASSES, 4, 0, True)


def test_an_epoch_of_a_feed_sees_each_group_once_and_another_epoch_others() -> None:
    made = feed(["one_per_group"])
    groups = tiny_data().groups
    assert groups is not None
    epochs = [made.rows(epoch) for epoch in range(40)]
    assert all(sorted(groups[rows]) == [f"g{i}" for i in range(6)] for rows in epochs)
    assert len(np.unique(np.concatenate(epochs))) == 36, "every photo has its turn"
    assert made.steps() == 2
    assert len(list(made.batches(0))) == 2


def test_copies_belong_to_the_group_of_their_original() -> None:
    made = feed([{"oversample": {"times": 2}}, "one_per_group"])
    groups = tiny_data().groups
    assert groups is not None
    assert made.groups is not None
    assert made.groups.tolist() == np.r_[groups, groups, groups].tolist()
    epochs = [made.rows(epoch) for epoch in range(10)]
    assert all(sorted(made.groups[rows]) == [f"g{i}" for i in range(6)] for rows in epochs)
    assert max(rows.max() for rows in epochs) >= 36, "copies are drawn too"


def test_a_second_sampler_sees_the_groups_of_the_rows_that_the_first_left() -> None:
    made = feed(["balanced_sampler", "one_per_group"])
    groups = tiny_data().groups
    assert groups is not None
    for epoch in range(5):
        drawn = groups[made.rows(epoch)]
        assert len(set(drawn)) == len(drawn)


def test_feed_without_groups_refuses_one_per_group_and_takes_the_others() -> None:
    with pytest.raises(BadInput, match=r"data\.group"):
        feed(["one_per_group"], grouped=False).rows(0)
    assert len(feed(["balanced_sampler"], grouped=False).rows(0)) == 36
