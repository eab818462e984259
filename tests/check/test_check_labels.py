"""Planted label errors, and their clean twins."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.check.base import Seen
from holdfast.check.labels import RareClasses, WrongLabels
from holdfast.data.dataset import Dataset
from holdfast.folds.splitters import StratifiedGroup
from holdfast.metrics.suspects import attribute_suspects, by_cleanlab, suspects_of, together
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, GRID, JOINT, REAL, tiny_data

N, GROUPS = 600, 12


@lru_cache(maxsize=16)
def simulated(flipped: float, near: float = 3.0, seed: int = 0) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """Simulated persons with three classes `near` deviations apart; probabilities that a model gives those unseen.

    A share of the labels is replaced by another class: their rows, the last thing given.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict

    rng = np.random.default_rng(seed)
    right = np.arange(N) % 3
    groups = np.repeat(np.arange(GROUPS), N // GROUPS)
    person = rng.normal(scale=0.5, size=(GROUPS, 4))[groups]
    X = rng.normal(size=(N, 4)) + near * np.eye(3, 4)[right] + person
    wrong = np.sort(rng.permutation(N)[: round(flipped * N)])
    y = right.copy()
    y[wrong] = (right[wrong] + rng.integers(1, 3, len(wrong))) % 3
    model = LogisticRegression(C=10)
    p = cross_val_predict(model, X, y, groups=groups, cv=GroupKFold(5), method="predict_proba")
    data = Dataset(
        "table",
        np.array([f"s{i:03}" for i in range(N)]),
        X.astype(np.float32),
        ("a", "b", "c", "d"),
        y,
        np.array([f"g{g:02}" for g in groups]),
    )
    return data, p, wrong


def seen(data: Dataset, target: TargetSpec = CLASSES, **more: Any) -> Seen:
    recipe = Recipe.model_construct(folds=StratifiedGroup(k=more.pop("k", 3)))
    return Seen(recipe, data, target, **more)


def judged(data: Dataset, p: np.ndarray) -> Any:
    return WrongLabels().look(seen(data, oof={"a": p[None]}))


@settings(max_examples=5, deadline=None)
@given(near=st.sampled_from([1.0, 2.0, 3.0, 5.0]), seed=st.integers(0, 30))
def test_right_labels_pass_however_near_the_classes(near: float, seed: int) -> None:
    data, p, _ = simulated(0.0, near, seed)
    assert judged(data, p).status == "passed"


@settings(max_examples=4, deadline=None)
@given(flipped=st.sampled_from([0.02, 0.05, 0.1, 0.15]))
def test_wrong_labels_are_ranked_first(flipped: float) -> None:
    data, p, wrong = simulated(flipped, 5.0)
    one = judged(data, p)
    assert one.status == "found"
    first = suspects_of(p, data.target, data.groups).order[: len(wrong)]
    assert np.isin(first, wrong).mean() >= 0.9
    assert set(one.ids[:5]) <= set(data.ids[wrong])


def test_too_sure_a_model_suspects_no_more() -> None:
    data, p, _ = simulated(0.0, 2.0)
    sure = p**6 / (p**6).sum(axis=1, keepdims=True)
    assert judged(data, sure).status == "passed"


def test_what_the_label_seems_to_be_is_told() -> None:
    data, p, wrong = simulated(0.02, 5.0)
    one = judged(data, p)
    row = suspects_of(p, data.target).order[0]
    assert row in wrong
    assert f"{data.ids[row]} is {CLASSES.names[data.target[row]]}, seems" in one.said


def test_group_labelled_wrong_as_a_whole_is_named() -> None:
    data, p, _ = simulated(0.0, 5.0)
    mine = data.groups == "g04"
    told = replace(data, target=np.where(mine, (data.target + 1) % 3, data.target))
    assert "g04 (100%)" in judged(told, p).said


def test_ranks_within_groups_count_from_zero() -> None:
    data, p, _ = simulated(0.05)
    one = suspects_of(p, data.target, data.groups)
    for group in np.unique(data.groups):
        mine = data.groups == group
        assert sorted(one.rank_in_group[mine]) == list(range(mine.sum()))
        assert (np.argsort(one.rank[mine]) == np.argsort(one.rank_in_group[mine])).all()


def test_attribute_that_speaks_against_a_joint_label_is_told() -> None:
    data, p, _ = simulated(0.0, 5.0)
    wrong = np.flatnonzero(data.target == 1)[:12]  # stand as sit: the height is wrong, the motion right
    y = data.target.copy()
    y[wrong] = 0
    each = attribute_suspects(p, y, JOINT)
    assert set(wrong[:11]) <= set(together(each)[:15])
    assert not each["motion"].suspected[wrong].any()
    one = WrongLabels().look(seen(replace(data, target=y), JOINT, oof={"a": p[None]}))
    assert "is low, seems high" in one.said


def test_values_have_no_wrong_labels_of_this_kind() -> None:
    assert WrongLabels().look(seen(tiny_data(target="real"), REAL, oof={})).status == "not applicable"


def test_cleanlab_finds_the_same() -> None:
    pytest.importorskip("cleanlab", reason="cleanlab is not installed: pip install holdfast[labels]")
    data, p, wrong = simulated(0.05, 5.0)
    found = by_cleanlab(p, data.target)
    assert found is not None
    assert np.isin(wrong, found).mean() > 0.8


@pytest.mark.parametrize("kind", ["table", "windows", "images"])
def test_class_in_too_few_groups_is_named(kind: str) -> None:
    data = tiny_data(kind)
    rare = data.take(np.flatnonzero((data.target != 2) | (data.groups == "g1")))
    one = RareClasses().run(seen(rare))
    assert (one.status, one.ids) == ("found", ("walk",))
    assert "in one only" in one.said
    assert RareClasses().run(seen(data)).status == "passed"
    assert RareClasses().run(seen(data, k=7)).total == 3


def test_frames_have_no_classes() -> None:
    assert RareClasses().run(seen(tiny_data("frames"), GRID)).status == "not applicable"
