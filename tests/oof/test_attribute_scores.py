"""Scores of the attributes of a joint class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.cli.scores import attribute_lines
from holdfast.engine.job import Work
from holdfast.folds.table import make_folds
from holdfast.metrics.base import Metric
from holdfast.oof.scores import all_scores, attribute_scores, notes_of
from holdfast.recipe.registry import parse
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.testing.samples import CLASSES, tiny_data

MASK = Attribute(name="mask", values=("worn", "none"), of_class=(0, 0, 0, 1, 1, 1))
AGE = Attribute(name="age", values=("young", "grown", "old"), of_class=(0, 1, 2, 0, 1, 2), ordered=True)
JOINT = TargetSpec(kind="classes", names=tuple("abcdef"), attributes=(MASK, AGE))


def metric(name: str) -> Metric:
    return parse("metric", name)  # type: ignore[return-value]


def work(target: TargetSpec = JOINT, groups: bool = True) -> Work:
    """36 simulated samples of 6 groups, classes 0 to 5 in turn."""
    data = replace(tiny_data("table"), target=np.arange(36) % len(target.names))
    folds = make_folds(parse("folds", {"kind": "group", "k": 3}), data, target, Path())  # type: ignore[arg-type]
    return Work({}, data if groups else replace(data, groups=None), None, target, folds, 0, 1, "")


def test_attribute_is_scored_by_its_marginal() -> None:
    """The joint class is wrong everywhere, the mask right everywhere, the age in a third of the rows."""
    made = work()
    y = np.arange(36) % 6
    said = np.eye(6)[np.where(y < 3, 0, 3)]  # the mask that it is, always young
    said[y % 3 == 0] = np.eye(6)[y[y % 3 == 0] // 3 * 3] * 0.4 + np.eye(6)[y[y % 3 == 0] // 3 * 3 + 1] * 0.6
    said[y % 3 == 1] = np.eye(6)[y[y % 3 == 1]]
    scores = attribute_scores(made, {"ensemble": said[None]})
    mask, age = scores["mask"]["ensemble"], scores["age"]["ensemble"]
    assert mask["accuracy"]["value"] == mask["macro_f1"]["value"] == 1
    assert mask["accuracy"]["how"] == "Wilson, over groups"
    # young is said to be grown, grown to be grown, old to be young
    assert age["accuracy"]["value"] == pytest.approx(1 / 3)
    assert age["macro_f1"]["value"] == pytest.approx((0 + 2 * 12 / (24 + 12) + 0) / 3)


def test_shares_of_a_value_add_up_over_classes() -> None:
    """No single class of the true mask leads, their sum does."""
    made = work()
    y = np.arange(36) % 6
    said = np.where((np.arange(6) < 3)[None] == (y < 3)[:, None], 0.2, 0.0)
    said[np.arange(36), (y + 3) % 6] = 0.4
    assert (said.argmax(axis=1) != y).all()
    scores = attribute_scores(made, {"ensemble": said[None]})
    assert scores["mask"]["ensemble"]["accuracy"]["value"] == 1


def test_intervals_are_over_groups_and_repeats_are_averaged() -> None:
    made, y = work(), np.arange(36) % 6
    right, wrong = np.eye(6)[y], np.eye(6)[(y + 1) % 6]
    half = np.where((np.arange(36) < 12)[:, None], right, wrong)  # two of six groups are right
    age = attribute_scores(made, {"ensemble": np.stack([half, right])})["age"]["ensemble"]["accuracy"]
    assert age["value"] == pytest.approx((1 / 3 + 1) / 2)
    assert age["units"] == 6
    assert age["how"] == "bootstrap over groups"
    assert age["low"] < age["value"] < age["high"]
    alone = attribute_scores(work(groups=False), {"ensemble": half[None]})["age"]["ensemble"]["accuracy"]
    assert alone["units"] == 36
    assert alone["how"] == "bootstrap over samples (no groups are known)"


def test_scores_hold_every_member_the_ensemble_last() -> None:
    y = np.arange(36) % 6
    oof = {name: np.eye(6)[(y + k) % 6][None] for k, name in enumerate(["one", "two", "ensemble"])}
    scores = all_scores(work(), [metric("macro_f1")], oof, None)
    assert list(scores["attributes"]) == ["mask", "age"]
    assert list(scores["attributes"]["age"]) == ["one", "two", "ensemble"]
    assert [held["accuracy"]["value"] for held in scores["attributes"]["age"].values()] == [1, 0, 0]
    table = attribute_lines(scores)
    assert len(table) == 2 + 6
    assert table[1].split()[:3] == ["attribute", "member", "macro_f1"]
    assert table[5].split()[:3] == ["age", "one", "1.0000"]


def test_plain_classes_have_no_attributes() -> None:
    plain: Any = all_scores(
        work(CLASSES), [metric("accuracy")], {"ensemble": np.full((1, 36, 3), 1 / 3)}, None
    )
    assert "attributes" not in plain
    assert attribute_lines(plain) == []


def test_share_of_faces_that_were_not_found_is_said() -> None:
    folds = {"r0-f0": {"face_crop": {"pictures": 90, "without_face": 3}, "columns": [1]}}
    folds["r0-f1"] = {"face_crop": {"pictures": 110, "without_face": 7}}
    facts: Any = {"net": folds, "trees": {"r0-f0": {"columns": [0]}}}
    assert notes_of(facts) == ["net: face_crop found no face in 5.0% of the pictures"]
    assert notes_of({}) == []
