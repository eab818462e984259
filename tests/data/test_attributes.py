"""Attributes and the joint classes that they make up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from holdfast.data.attributes import AttributeSpec, Rows
from holdfast.data.columns import target_of
from holdfast.data.joint import Joint, joint_target
from holdfast.errors import BadInput

MASK = {"values": ["worn", "none"]}
PATH = Path("train.csv")
FRAME = pd.DataFrame(
    {"mask": ["none", "worn", "none", "worn"], "age": ["24", "25", "34", "35"], "label": ["3", "1", "4", "2"]}
)
AGE = {"cut": [25, 35]}


def joint(frame: pd.DataFrame, specs: dict[str, Any], target: str = "label") -> Joint:
    ids = np.array([f"s{i}" for i in range(len(frame))])
    rows = Rows(PATH, frame, ids, [f"p/{name}.jpg" for name in ids])
    parsed = {name: AttributeSpec.model_validate(spec) for name, spec in specs.items()}
    known = target_of(PATH, frame, ids, target, "classes") if target in frame.columns else None
    return joint_target(parsed, rows, target, known)


def told(made: Joint) -> list[tuple[str, ...]]:
    """The attributes of each sample, as its joint code says."""
    return list(zip(*([one.values[code] for code in one.codes(made.codes)] for one in made.spec.attributes)))


ROWS = [("none", "<25"), ("worn", "25-35"), ("none", "25-35"), ("worn", ">=35")]


def test_composed_by_names() -> None:
    made = joint(FRAME, {"mask": MASK, "age": AGE}, target="class")
    assert made.spec.names == ("worn-25-35", "worn->=35", "none-<25", "none-25-35")
    assert made.spec.column == "class"
    assert told(made) == ROWS
    assert [one.ordered for one in made.spec.attributes] == [False, True]
    assert made.teach is None


def test_composed_by_weights() -> None:
    made = joint(FRAME, {"age": {**AGE, "weight": 1}, "mask": {**MASK, "weight": 3}}, target="class")
    assert made.spec.names == ("1", "2", "3", "4")
    assert made.codes.tolist() == [2, 0, 3, 1]
    assert told(made) == [row[::-1] for row in ROWS]


def test_given_classes_are_kept() -> None:
    for weights in ({}, {"weight": 1}):
        made = joint(FRAME, {"mask": {**MASK, **dict.fromkeys(weights, 3)}, "age": {**AGE, **weights}})
        assert made.spec.names == ("1", "2", "3", "4")
        assert told(made) == ROWS
    assert made.spec.attributes[1].marginal(np.eye(4))[2].tolist() == [1, 0, 0]


def test_decomposed_from_the_code() -> None:
    specs = {"mask": {**MASK, "weight": 3}, "age": {"values": ["a", "b", "c"], "weight": 1, "ordered": True}}
    made = joint(FRAME[["label"]], specs)
    assert told(made) == [("none", "a"), ("worn", "b"), ("none", "b"), ("worn", "c")]
    assert made.spec.attributes[1].ordered
    wrong = pd.DataFrame({"label": ["0", "5", "6"]})
    with pytest.raises(
        BadInput, match=r"line 4 \(id s2\), column 'label': '6' is no joint code .* 0, 1, 2, 3, 4, 5"
    ):
        joint(wrong, specs)
    with pytest.raises(BadInput, match=r"attributes.mask.values: .* has no column 'mask'"):
        joint(FRAME[["label"]], {"mask": {"weight": 3}, "age": specs["age"]})
    with pytest.raises(BadInput, match=r"attributes.mask: .* no column 'mask'"):
        joint(FRAME[["label"]], {"mask": MASK, "age": AGE})


@settings(deadline=None)
@given(st.lists(st.integers(0, 17), min_size=2, max_size=30).filter(lambda codes: len(set(codes)) > 1))
def test_taking_apart_undoes_composing(codes: list[int]) -> None:
    specs = {
        "mask": {"values": ["worn", "incorrect", "none"], "weight": 6},
        "gender": {"values": ["male", "female"], "weight": 3},
        "age": {"values": ["young", "middle", "old"], "weight": 1},
    }
    apart = joint(pd.DataFrame({"label": [str(code) for code in codes]}), specs)
    columns = {one.name: np.array(one.values)[one.codes(apart.codes)] for one in apart.spec.attributes}
    again = joint(pd.DataFrame(columns), specs)
    assert [again.spec.names[code] for code in again.codes] == [str(code) for code in codes]
    assert again.spec == apart.spec


# train_cut


def test_train_cut_moves_what_is_taught_only() -> None:
    frame = pd.concat(
        [FRAME, pd.DataFrame({"mask": ["none"], "age": ["40"], "label": ["5"]})], ignore_index=True
    )
    made = joint(frame, {"mask": MASK, "age": {**AGE, "train_cut": [25, 34]}})
    assert told(made)[:4] == ROWS
    assert made.teach is not None
    assert [made.spec.names[code] for code in made.teach] == ["3", "1", "5", "2", "5"]
    assert [made.spec.names[code] for code in made.codes] == ["3", "1", "4", "2", "5"]


def test_train_cut_into_no_class() -> None:
    with pytest.raises(
        BadInput, match=r"line 4 \(id s2\): .*age.train_cut .* mask=none, age=>=35, of which there is no"
    ):
        joint(FRAME, {"mask": MASK, "age": {**AGE, "train_cut": [25, 34]}})


# from the file's name


def test_from_name() -> None:
    spec = {"from_name": {"s0*": "first", "s[12].jpg": "middle", "*": "last"}}
    made = joint(FRAME[["age"]], {"place": spec, "age": {"cut": [0.5, 25]}}, target="class")
    assert [row[0] for row in told(made)] == ["first", "middle", "middle", "last"]
    assert made.spec.attributes[0].values == ("first", "middle", "last")
    with pytest.raises(
        BadInput, match=r"line 3 \(id s1\): data.attributes.place.from_name: no pattern fits .*'s1.jpg'"
    ):
        joint(FRAME, {"place": {"from_name": {"s0*": "a"}}})


# contradictions


def test_same_attributes_other_class() -> None:
    frame = FRAME.assign(label=["3", "1", "3", "3"], age=["24", "25", "20", "20"])
    with pytest.raises(
        BadInput, match=r"id s0: mask=none, age=<25, label 3; id s3: mask=worn, age=<25, label 3"
    ):
        joint(frame, {"mask": MASK, "age": AGE})
    frame = FRAME.assign(label=["3", "1", "7", "2"], age=["24", "25", "20", "35"])
    with pytest.raises(
        BadInput, match=r"id s0: mask=none, age=<25, label 3; id s2: mask=none, age=<25, label 7"
    ):
        joint(frame, {"mask": MASK, "age": AGE})


def test_weights_that_make_another_code() -> None:
    specs = {"mask": {"values": ["none", "worn"], "weight": 3}, "age": {**AGE, "weight": 1}}
    with pytest.raises(
        BadInput, match=r"line 2 \(id s0\), column 'label': found '3', but the weights .* make it 0"
    ):
        joint(FRAME, specs)


def test_weights_that_do_not_tell() -> None:
    specs = {"mask": {**MASK, "weight": 1}, "age": {**AGE, "weight": 1}}
    with pytest.raises(BadInput, match="give the code 1 to two combinations"):
        joint(FRAME, specs, target="class")
    with pytest.raises(BadInput, match=r"attributes.age.weight: the others have one"):
        joint(FRAME, {"mask": {**MASK, "weight": 1}, "age": AGE})


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        (
            "mask",
            ["none", "wron", "none", "worn"],
            r"line 3 \(id s1\): .*expected one of worn, none, found 'wron'",
        ),
        ("mask", ["none", None, "none", "worn"], r"line 3 \(id s1\), column 'mask': the value is missing"),
        ("age", ["24", "25", "old", "3"], r"line 4 \(id s2\): .*age.cut: expected a number, found 'old'"),
        ("age", ["24", "25", "3", "inf"], r"line 5 \(id s3\): .*age.cut: expected a number, found 'inf'"),
    ],
)
def test_wrong_values(column: str, values: list[str | None], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        joint(FRAME.assign(**{column: values}), {"mask": MASK, "age": AGE})


def test_one_value_only() -> None:
    with pytest.raises(BadInput, match=r"attributes.mask: every photo .* has the value 'worn'"):
        joint(FRAME.assign(mask="worn"), {"mask": {}, "age": AGE})


def test_values_are_found() -> None:
    made = joint(FRAME, {"age": {}, "mask": {}}, target="class")
    assert made.spec.attributes[0].values == ("24", "25", "34", "35")
    assert made.spec.attributes[1].values == ("none", "worn")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"cut": [35, 25]}, "cut: expected rising thresholds"),
        ({"train_cut": [25]}, "train_cut: expected 0 thresholds"),
        ({"cut": [25, 35], "train_cut": [25]}, "train_cut: expected 2 thresholds"),
        ({"values": ["a", "a"]}, "two or more different"),
        ({"values": ["a"]}, "two or more different"),
        ({"cut": [25], "values": ["a", "b", "c"]}, "1 thresholds make 2 values, got 3"),
        ({"from_name": {"a*": "x"}, "cut": [1]}, "leave column and cut out"),
        ({"from_name": {"a*": "x"}, "values": ["y", "z"]}, "'x' is none of values"),
        ({"values": [True, False]}, "quote them"),
        ({"vales": ["a", "b"]}, "did you mean 'values'"),
    ],
)
def test_recipe_faults(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        AttributeSpec.model_validate(spec)


def test_numbers_are_names() -> None:
    spec = AttributeSpec.model_validate({"values": [0, 1], "from_name": {"a*": 0}})
    assert spec.values == ("0", "1")
    assert spec.from_name == {"a*": "0"}
