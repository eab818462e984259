"""HF103 to HF106, HF108, HF109: groups, ids, disguised features, time and overlap, on simulated data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import (
    MAKERS,
    RECIPE,
    copied,
    folds_of,
    found,
    frames,
    hand,
    seen_of,
    shifted,
    table,
    windows,
    with_inputs,
)

from holdfast.check.disguise import Disguised
from holdfast.check.file_order import IdsTell
from holdfast.check.groups import GroupsSplit
from holdfast.check.groups_alike import GroupsAlike
from holdfast.check.order import OrderBroken
from holdfast.check.overlap import Overlap
from holdfast.data.dataset import Dataset
from holdfast.recipe.load import load_recipe
from holdfast.testing.samples import tiny_data

LIKE = ("windows", "table", "images")


# HF103: a person under two ids.


def persons(kind: str, strength: float, two_ids: bool, seed: int = 0) -> Dataset:
    """Simulated persons with a style of their own; with `two_ids`, the last group is the first person again."""
    data = MAKERS[kind](groups=8, each=16, seed=seed)  # group by group
    person = np.repeat(np.arange(8), 16)
    if two_ids:
        person[person == 7] = 0
    rng = np.random.default_rng(seed + 100)
    X = data.source
    if kind == "images":  # each has his colours, here and there
        style = np.repeat(
            np.repeat(rng.normal(size=(8, 4, 4, 3)), X.shape[1] // 4, axis=1), X.shape[2] // 4, axis=2
        )
        return with_inputs(data, np.clip(X + 25 * strength * style[person], 0, 255).astype(np.uint8))
    corners = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1]), axis=-1).reshape(
        8, 1, 3
    )  # no two near each other
    style = corners if kind == "windows" else rng.normal(size=(8, X.shape[1]))
    return with_inputs(data, (X + strength * style[person]).astype(np.float32))


@pytest.mark.parametrize("kind", LIKE)
def test_a_person_under_two_ids(kind: str) -> None:
    finding = found(GroupsAlike, seen_of(persons(kind, 2.0, two_ids=True)))
    assert (finding.status, finding.severity) == ("found", "warning")
    assert finding.ids == (("g0", "g7"),)


@pytest.mark.parametrize("strength", [0.0, 3.0])
@pytest.mark.parametrize("kind", LIKE)
def test_persons_of_their_own_pass(kind: str, strength: float) -> None:
    assert found(GroupsAlike, seen_of(persons(kind, strength, two_ids=False))).status == "passed"


def test_groups_that_share_copies_look_like_one() -> None:
    data = copied(windows(), [(3, 70), (5, 71)], shifted(3, 0.1))
    finding = found(GroupsAlike, seen_of(data))
    assert finding.ids == (("g0", "g3"),)
    assert "2 pairs of copies" in finding.said
    assert found(GroupsAlike, seen_of(replace(data, groups=None))).status == "not applicable"


# HF104: a group on both sides.


@pytest.mark.parametrize("kind", MAKERS)
def test_a_group_on_both_sides_is_named(kind: str) -> None:
    data = MAKERS[kind]()
    assert data.groups is not None
    whole = folds_of(data)
    broken = whole.fold[0].copy()
    broken[np.flatnonzero(data.groups == "g2")[:2]] = 3
    finding = found(GroupsSplit, seen_of(data, hand(broken)))
    assert (finding.status, finding.ids) == ("found", ("g2",))
    assert found(GroupsSplit, seen_of(data, whole)).status == "passed"


def test_folds_that_cut_groups_on_purpose_are_left_alone() -> None:
    data = frames()
    cuts = load_recipe({**RECIPE, "folds": {"kind": "space_time", "k": 3}})
    seen = replace(seen_of(data, hand(np.arange(len(data)) % 3)), recipe=cuts)
    assert found(GroupsSplit, seen).status == "not applicable"


# HF105: ids and row order.


@pytest.mark.parametrize(("kind", "grouped"), [("windows", True), ("images", False)])
def test_sorted_files_and_telling_ids_are_found(kind: str, grouped: bool) -> None:
    data = MAKERS[kind]()
    assert data.target is not None
    groups = data.groups if grouped else None
    by_target = np.argsort(data.target, kind="stable")
    ordered = replace(data, groups=groups, target=data.target[by_target], source=data.source[by_target])
    if grouped:  # groups dealt over the sorted rows
        ordered = replace(ordered, groups=np.array([f"g{i % 8}" for i in range(len(data))]))
    finding = found(IdsTell, seen_of(ordered))
    assert (finding.status, finding.ids) == ("found", ("the row number",))
    lettered = replace(
        data, groups=groups, ids=np.array([f"{'abc'[c]}{i}" for i, c in enumerate(data.target)])
    )
    assert found(IdsTell, seen_of(lettered)).ids == ("the letters of the id",)


def test_a_number_in_the_id_that_tells() -> None:
    data = table()
    assert data.target is not None
    rank = np.argsort(np.argsort(data.target + np.random.default_rng(0).random(len(data)) / 2))
    assert found(IdsTell, seen_of(replace(data, ids=np.array([f"s{i}" for i in rank])))).ids == (
        "the number in the id",
    )


@pytest.mark.parametrize("kind", LIKE)
def test_plain_ids_pass(kind: str) -> None:
    for data in (MAKERS[kind](), replace(MAKERS[kind](), groups=None), tiny_data(kind)):
        assert found(IdsTell, seen_of(data)).status == "passed"


def test_activities_in_runs_pass_where_groups_or_time_are_known() -> None:
    data = table(groups=8, each=24)
    runs = replace(
        data, target=np.concatenate([np.repeat(np.random.default_rng(i).permutation(3), 8) for i in range(8)])
    )
    assert found(IdsTell, seen_of(runs)).status == "passed"


# HF106: the target in disguise.


def disguised(kind: str, noise: float, real: bool = False) -> Dataset:
    """One more feature, or channel: the target and noise."""
    data = MAKERS[kind]()
    assert data.target is not None
    rng, y = np.random.default_rng(0), data.target.astype(np.float64)
    if real:
        y = rng.normal(size=len(y))
        data = replace(data, target=y)
    said = (y + rng.normal(scale=noise, size=len(y))).astype(np.float32)
    if kind == "windows":
        said = said[:, None].repeat(data.shape[0], axis=1)
    return replace(
        data, source=np.concatenate([data.source, said[..., None]], axis=-1), names=(*data.names, "leak")
    )


@settings(max_examples=5, deadline=None)
@given(noise=st.floats(0, 0.15), kind=st.sampled_from(["table", "windows"]), real=st.booleans())
def test_a_feature_that_is_the_target_and_noise(noise: float, kind: str, real: bool) -> None:
    finding = found(Disguised, seen_of(disguised(kind, noise / 2 if real else noise, real)))
    assert (finding.status, finding.severity) == ("found", "error")
    assert finding.ids[0].startswith("leak")  # type: ignore[union-attr]


def test_a_stamp_on_photos_that_says_the_class() -> None:
    data = MAKERS["images"]()
    assert data.target is not None
    X = data.source.copy()
    X[:, :6, :8] = (80 * data.target)[:, None, None, None]
    finding = found(Disguised, seen_of(with_inputs(data, X)))
    assert finding.status == "found"
    assert all("block 0, 0" in one for one in finding.ids)


def test_gaps_that_say_the_class() -> None:
    data = table()
    assert data.target is not None
    X = data.source.copy()
    X[data.target == 1, 2] = np.nan
    X[data.target == 0, 2] = 9
    assert found(Disguised, seen_of(with_inputs(data, X))).ids == ("f2",)


@pytest.mark.parametrize("kind", LIKE)
def test_honest_features_pass(kind: str) -> None:
    for data in (MAKERS[kind](), tiny_data(kind)):
        assert found(Disguised, seen_of(data)).status == "passed"


def test_an_easy_target_that_many_features_tell_passes() -> None:
    data = table()
    assert data.target is not None
    rng = np.random.default_rng(0)
    X = data.target[:, None] + rng.normal(scale=0.05, size=data.source.shape)
    finding = found(Disguised, seen_of(with_inputs(data, X.astype(np.float32))))
    assert finding.status == "passed"
    assert "it is easy" in finding.said


# HF108: time.


def recorded(blocks: bool) -> Dataset:
    """One recording whose target keeps for a while, or does not."""
    data = table(groups=4, each=60)
    steps = np.random.default_rng(0).integers(0, 3, 24).repeat(10)
    y = steps if blocks else np.random.default_rng(0).permutation(steps)
    return replace(data, groups=None, order=np.arange(240.0), target=y)


def test_random_folds_of_a_recording_break_its_order() -> None:
    data, rng = recorded(True), np.random.default_rng(1)
    finding = found(OrderBroken, seen_of(data, hand(rng.permutation(240) % 4)))
    assert (finding.status, finding.severity) == ("found", "error")
    assert finding.total > 150
    assert found(OrderBroken, seen_of(data, hand(np.arange(240) // 60))).status == "passed"


def test_order_without_memory_or_in_whole_groups_passes() -> None:
    random = hand(np.random.default_rng(1).permutation(240) % 4)
    assert found(OrderBroken, seen_of(recorded(False), random)).status == "passed"
    whole = replace(recorded(True), groups=np.repeat([f"g{i}" for i in range(8)], 30))
    assert found(OrderBroken, seen_of(whole, folds_of(whole))).status == "passed"
    assert found(OrderBroken, seen_of(table(), folds_of(table()))).status == "not applicable"


# HF109: overlap.


def cut(kind: str, hop: int) -> Dataset:
    """Simulated recordings, one a group, cut into windows of 16 steps (of 4 frames)."""
    length, rng = (4, np.random.default_rng(0)) if kind == "frames" else (16, np.random.default_rng(0))
    starts = np.arange(0, 10 * length, hop)
    shape = (8, 8) if kind == "frames" else (3,)
    recording = rng.normal(size=(4, starts[-1] + length, *shape)).astype(np.float32)
    X = np.concatenate([[one[start : start + length] for start in starts] for one in recording])
    base = MAKERS[kind]()
    n = len(X)
    return replace(
        base, ids=np.array([f"r{i:03}" for i in range(n)]), source=X, target=rng.random(n) if kind == "frames" else
        rng.integers(0, 3, n), groups=np.repeat([f"g{i}" for i in range(4)], len(starts)), grids=None,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["windows", "frames"])
@pytest.mark.parametrize("share", [2, 4])
def test_windows_that_overlap_across_folds_are_found_by_what_they_hold(kind: str, share: int) -> None:
    data = cut(kind, 16 // share if kind == "windows" else 4 // share)
    random = hand(np.random.default_rng(0).permutation(len(data)) % 4)
    assert found(Overlap, seen_of(data, random)).status == "found"
    assert found(Overlap, seen_of(data, folds_of(data))).status == "passed"


def test_one_overlapping_pair_is_named() -> None:
    data = cut("windows", 16)
    X = data.source.copy()
    X[25, :6] = X[3, 10:]
    finding = found(Overlap, seen_of(with_inputs(data, X), folds_of(data)))
    assert finding.ids == (("r003", "r025"),)


@pytest.mark.parametrize("kind", ["windows", "frames"])
def test_windows_side_by_side_pass(kind: str) -> None:
    data = cut(kind, 16 if kind == "windows" else 4)
    assert found(Overlap, seen_of(data, hand(np.arange(len(data)) % 4))).status == "passed"
    still = with_inputs(data, np.zeros_like(data.source))
    assert found(Overlap, seen_of(still, hand(np.arange(len(data)) % 4))).status == "passed"


def test_windows_that_overlap_by_their_places_are_found() -> None:
    data = replace(windows(), groups=None, order=np.arange(160.0) * 10, span=16.0)
    finding = found(Overlap, seen_of(data, hand(np.arange(160) % 4)))
    assert finding.status == "found"
    assert "in time" in finding.said
    apart = replace(data, span=10.0)
    assert found(Overlap, seen_of(apart, hand(np.arange(160) % 4))).status == "passed"
