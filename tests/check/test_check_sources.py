"""Groups unlike all others, sources that carry the label, and their clean twins. All data are simulated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from persons import seen, side_of

from holdfast.check.base import KINDS
from holdfast.check.sources import LoneGroups, SourceCarriesLabel
from holdfast.data.dataset import Dataset
from holdfast.testing.samples import CLASSES, tiny_data


@pytest.mark.parametrize("kind", KINDS)
def test_groups_that_differ_a_little_are_not_alone(kind: str) -> None:
    assert LoneGroups().run(seen(tiny_data(kind))).status == "passed"
    assert LoneGroups().run(seen(side_of(kind, 0))).status == "passed"


@pytest.mark.parametrize("kind", KINDS)
def test_group_unlike_all_others_is_named(kind: str) -> None:
    data = side_of(kind, 0)
    source = np.array(data.source)
    mine = data.groups == "g3"
    if kind == "images":
        source[mine] = source[mine] // 3
    else:
        source[mine] = 6 - 3 * source[mine]
    assert LoneGroups().run(seen(replace(data, source=source))).ids == ("g3",)


@settings(max_examples=8, deadline=None)
@given(share=st.floats(0.85, 1.0), seed=st.integers(0, 99))
def test_source_in_the_ids_that_carries_the_label_is_found(share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = tiny_data("images", groups=60, each=3)
    own = np.array(["north", "south", "west"])[data.target]
    any_one = np.array(["north", "south", "west"])[rng.integers(0, 3, len(data))]
    name = np.where(rng.random(len(data)) < share, own, any_one)
    ids = np.array([f"{one}_{i:04}" for i, one in enumerate(name)])
    assert SourceCarriesLabel().run(seen(replace(data, ids=ids))).ids == ("north", "south", "west")
    clean = np.array([f"{one}_{i:04}" for i, one in enumerate(any_one)])
    assert SourceCarriesLabel().run(seen(replace(data, ids=clean))).status == "passed"


def test_folders_of_classes_are_no_source() -> None:
    data = tiny_data("images", groups=20)
    ids = np.array([f"{CLASSES.names[c]}/{i}.png" for i, c in enumerate(data.target)])
    assert SourceCarriesLabel().run(seen(replace(data, ids=ids))).status == "passed"


def labelled(of_group: dict[str, tuple[float, ...]], each: int = 40) -> Dataset:
    """Groups with these shares of the three classes."""
    y = [
        np.repeat(np.arange(3), np.round(np.array(shares) * each).astype(int)) for shares in of_group.values()
    ]
    data = tiny_data(groups=len(of_group), each=each)
    groups = np.concatenate([np.full(len(one), name) for name, one in zip(of_group, y)])
    target = np.concatenate(y)
    return replace(data.take(np.arange(len(target))), target=target, groups=groups)


MOSTLY = {"a": (0.9, 0.1, 0.0), "b": (0.0, 0.9, 0.1), "c": (0.1, 0.0, 0.9), "d": (0.0, 0.1, 0.9)}
MIXED = {"a": (0.4, 0.3, 0.3), "b": (0.3, 0.4, 0.3), "c": (0.3, 0.3, 0.4), "d": (0.2, 0.4, 0.4)}
ALONE = {"a": (1.0, 0.0, 0.0), "b": (0.0, 0.5, 0.5), "c": (0.0, 0.4, 0.6), "d": (0.0, 0.6, 0.4)}
PATIENTS = {f"p{i}": tuple(np.eye(3)[i % 3]) for i in range(12)}


@pytest.mark.parametrize(
    ("of_group", "found"), [(MOSTLY, True), (ALONE, True), (MIXED, False), (PATIENTS, False)]
)
def test_groups_that_carry_the_label_are_found(of_group: dict[str, tuple[float, ...]], found: bool) -> None:
    assert (SourceCarriesLabel().run(seen(labelled(of_group))).status == "found") == found


@pytest.mark.parametrize("kind", KINDS)
def test_tiny_data_have_no_source(kind: str) -> None:
    assert SourceCarriesLabel().run(seen(tiny_data(kind))).status != "found"
