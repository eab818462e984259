"""Faults planted among values, and their clean twins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.check.apart import lone_side, wild
from holdfast.check.base import KINDS, Seen
from holdfast.check.scales import RateJumps, UnitJumps
from holdfast.check.values import DamagedPhotos, Gaps, IdleChannels, WildOutliers
from holdfast.data.dataset import Dataset
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, GRID, tiny_data

GROUPS, EACH = 8, 12
ALL = (Gaps, IdleChannels, WildOutliers, UnitJumps, RateJumps, DamagedPhotos)
WITH_GAPS = ("table", "windows", "frames")


def seen(data: Dataset, **more: Any) -> Seen:
    target = GRID if data.kind == "frames" else CLASSES
    return Seen(Recipe.model_construct(folds=None), data, target, **more)


def simulated(kind: str) -> Dataset:
    """Clean simulated samples, with a copy of the inputs that may be written to."""
    data = tiny_data(kind, groups=GROUPS, each=EACH)
    source = np.array(data.source)
    if kind == "windows":  # some samples a step, so that the pace can be told
        source = np.repeat(source, 3, axis=1)[:, : source.shape[1]]
    return replace(data, source=source)


def found(check: Any, data: Dataset, **more: Any) -> bool:
    return check().run(seen(data, **more)).status == "found"


@pytest.mark.parametrize("kind", KINDS)
def test_clean_twins_are_silent(kind: str) -> None:
    for data in (tiny_data(kind), simulated(kind)):
        said = [check().run(seen(data)) for check in ALL]
        assert [one for one in said if one.status == "found"] == []


@pytest.mark.parametrize("kind", ["table", "windows"])
@settings(max_examples=5, deadline=None)
@given(share=st.floats(0.25, 0.9))
def test_gaps_that_tell_the_class_are_found(kind: str, share: float) -> None:
    data = simulated(kind)
    lacks = np.random.default_rng(0).random(data.source.shape) < share
    data.source[lacks & (data.target == 1).reshape(-1, *[1] * (data.source.ndim - 1))] = np.nan
    one = Gaps().run(seen(data))
    assert one.status == "found"
    assert "in stand" in one.said


@pytest.mark.parametrize("kind", WITH_GAPS)
def test_channel_with_many_gaps_is_named(kind: str) -> None:
    data = simulated(kind)
    view = data.source if kind == "table" else np.moveaxis(data.source, 1 if kind == "frames" else 2, -1)
    view[::2, ..., 1] = np.nan
    one = Gaps().run(seen(data))
    assert (one.status, one.ids) == ("found", (data.names[1],))


@pytest.mark.parametrize("kind", WITH_GAPS)
def test_few_gaps_alike_in_all_classes_pass(kind: str) -> None:
    data = simulated(kind)
    data.source[np.random.default_rng(1).random(data.source.shape) < 0.1] = np.nan
    one = Gaps().run(seen(data))
    assert one.status == "passed"
    assert "missing" in one.said


@pytest.mark.parametrize("kind", KINDS)
def test_constant_and_duplicate_channels_are_named(kind: str) -> None:
    data = simulated(kind)
    view = np.moveaxis(data.source, {"frames": 1, "table": 1}.get(kind, -1), -1)
    view[..., 0] = 3
    view[..., 1] = view[..., 2]
    one = IdleChannels().run(seen(data))
    assert one.status == "found"
    assert one.ids == (data.names[0], (data.names[1], data.names[2]))


def test_copy_in_another_unit_is_a_duplicate() -> None:
    data = simulated("table")
    data.source[:, 3] = 40 - 1.8 * data.source[:, 0]
    assert ("c0", "c3") in IdleChannels().run(seen(data)).ids


def test_sensor_that_was_off_is_found_in_its_windows() -> None:
    data = simulated("windows")
    data.source[[5, 17], :, 1] = 0.0
    one = IdleChannels().run(seen(data))
    assert (one.status, one.ids) == ("found", ("s005", "s017"))


@pytest.mark.parametrize("kind", WITH_GAPS)
@settings(max_examples=6, deadline=None)
@given(factor=st.floats(40, 1e6))
def test_wild_values_are_found_with_their_samples(kind: str, factor: float) -> None:
    data = simulated(kind)
    where = (7, *[0] * (data.source.ndim - 1))
    data.source[where] = factor * np.abs(data.source).max()
    assert WildOutliers().run(seen(data)).ids == ("s007",)


def test_code_for_missing_values_is_wild() -> None:
    data = simulated("table")
    data.source[[3, 50, 70], 2] = -999
    assert set(WildOutliers().run(seen(data)).ids) == {"s003", "s050", "s070"}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), tail=st.sampled_from(["normal", "lognormal", "laplace", "counts"]))
def test_tails_are_not_wild(seed: int, tail: str) -> None:
    rng = np.random.default_rng(seed)
    draw = {
        "normal": rng.normal(size=2000),
        "lognormal": rng.lognormal(size=2000),
        "laplace": rng.laplace(size=2000),
        "counts": rng.poisson(0.3, 2000),
    }[tail]
    middle = np.median(draw)
    assert not wild(np.abs(draw - middle) / max(np.median(np.abs(draw - middle)) * 1.48, 1.0)).any()


FACTORS = {"table": 9.80665, "windows": 1000.0, "images": 255.0, "frames": 100.0}


@pytest.mark.parametrize("kind", KINDS)
def test_group_in_another_unit_is_found_with_the_unit(kind: str) -> None:
    data = simulated(kind)
    mine = data.groups == "g3"
    if kind == "images":
        data.source[mine] = data.source[mine] // 100  # 0 to 1 where others are 0 to 255
    else:
        data.source[mine] *= FACTORS[kind]
    one = UnitJumps().run(seen(data))
    assert (one.status, one.ids) == ("found", ("g3",))
    if kind != "images":
        assert {"table": "m/s² and g", "windows": "thousandths", "frames": "percent"}[kind] in one.said


@settings(max_examples=6, deadline=None)
@given(factor=st.sampled_from([9.80665, 1 / 9.80665, 57.2958, 0.001, 1000.0]), count=st.integers(1, 3))
def test_units_of_some_groups_are_found(factor: float, count: int) -> None:
    data = simulated("windows")
    data.source[: count * EACH] *= factor
    assert UnitJumps().run(seen(data)).ids == tuple(f"g{i}" for i in range(count))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000))
def test_groups_of_varied_strength_pass(seed: int) -> None:
    data = simulated("windows")
    data.source[:] *= np.repeat(np.random.default_rng(seed).lognormal(0, 0.3, GROUPS), EACH)[:, None, None]
    assert not found(UnitJumps, data)
    assert not found(RateJumps, data)


def test_groups_that_hold_other_classes_pass() -> None:
    data = simulated("windows")
    data.source[data.target == 2] *= 50  # a class that moves much more
    kept = ~((data.groups == "g0") & (data.target == 2))
    assert not found(UnitJumps, data.take(np.flatnonzero(kept)))


def test_group_sampled_at_half_the_rate_is_found() -> None:
    data = simulated("windows")
    mine = data.groups == "g2"
    fast = np.repeat(data.source[mine], 2, axis=1)[:, : data.source.shape[1]]
    data.source[mine] = (fast + np.roll(fast, 1, axis=1)) / 2
    assert RateJumps().run(seen(data)).ids == ("g2",)


def test_group_of_shorter_windows_is_found() -> None:
    data = simulated("windows")
    data.source[data.groups == "g5", 8:] = np.nan
    assert RateJumps().run(seen(data)).ids == ("g5",)


def test_blank_photos_and_those_that_the_loader_could_not_read_are_found() -> None:
    data = simulated("images")
    data.source[4] = 0
    data.source[9] = 128
    one = DamagedPhotos().run(seen(data))
    assert one.ids == ("s004", "s009")
    note = "photos that cannot be read are left out of training: a.jpg (the file is empty)"
    assert "a.jpg" in DamagedPhotos().run(seen(simulated("images"), notes=(note,))).said


@settings(max_examples=10, deadline=None)
@given(gap=st.floats(1.5, 9.0))
def test_lone_side_follows_the_gap(gap: float) -> None:
    levels = np.array([0.0, 0.1, 0.2, 0.25, 0.2 + gap])
    assert lone_side(levels, least=1.0).tolist() == [False] * 4 + [True]
    assert not lone_side(levels, least=10.0).any()
