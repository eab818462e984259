"""Labels that are a function of other columns are found, with thresholds, orders and weights; others are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.plan.joint import Joint, find_joint, roundest

WORN = ["worn", "wrong", "none"]


def people(n: int = 600, seed: int = 0) -> pd.DataFrame:
    """Simulated attribute columns as texts: two of words, one of whole numbers, one of fractions."""
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "sex": draw.choice(["f", "m"], n),
            "cover": draw.choice(WORN, n, p=[0.7, 0.15, 0.15]),
            "years": draw.integers(16, 70, n).astype(str),
            "height": draw.uniform(150, 200, n).round(1).astype(str),
        }
    )


def label_of(frame: pd.DataFrame) -> pd.Series:
    """6 × cover + 3 × sex (m first) + years in three parts."""
    cover = frame["cover"].map({"worn": 0, "wrong": 1, "none": 2})
    years = frame["years"].astype(int)
    return (cover * 6 + (frame["sex"] == "f") * 3 + (years >= 30) + (years >= 60)).astype(str).rename("y")


def found(frame: pd.DataFrame, label: pd.Series) -> Joint:
    joint = find_joint(frame, label)
    assert joint is not None
    return joint


def test_orders_weights_and_cuts_are_found_and_a_needless_column_is_left_out() -> None:
    frame = people()
    joint = found(frame, label_of(frame))
    assert [(part.column, part.weight, part.cut) for part in joint.parts] == [
        ("cover", 6, ()), ("sex", 3, ()), ("years", 1, (30, 60)),
    ]  # fmt: skip
    assert joint.parts[0].values == ("worn", "wrong", "none")
    assert joint.parts[1].values == ("m", "f")
    assert joint.parts[2].values == ("<30", "30-60", ">=60")
    assert joint.said() == "y = 6·cover + 3·sex + years[<30, 30-60, >=60], in all 600 rows"
    made = sum(part.codes(frame[part.column]) * part.weight for part in joint.parts if part.weight)
    assert list(map(str, made)) == list(label_of(frame))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_permuted_labels_find_nothing(seed: int) -> None:
    frame = people(200)
    label = label_of(frame).sample(frac=1, random_state=seed).reset_index(drop=True)
    assert find_joint(frame, label) is None


@pytest.mark.parametrize("classes", [2, 3])
def test_labels_of_nothing_with_a_rare_class_find_nothing(classes: int) -> None:
    frame = people(300)
    label = pd.Series(["0"] * 300, name="y")
    label[:3] = [str(i % (classes - 1) + 1) for i in range(3)]
    assert find_joint(frame, label) is None


def test_every_attribute_is_needed_where_all_combinations_are_equally_frequent() -> None:
    """A planted fault: classes of equal counts within one value of an attribute stay several classes."""
    frame = people()[[]].assign(a=["u", "v"] * 300, b=["p", "p", "q", "q"] * 150)
    label = (frame["a"] + frame["b"]).rename("y")
    assert [part.column for part in found(frame, label).parts] == ["a", "b"]
    assert find_joint(frame[["a"]], label) is None


def test_classes_with_names_have_no_weights() -> None:
    frame = people()
    label = (frame["cover"] + "/" + frame["sex"]).rename("kind")
    joint = found(frame, label)
    assert [(part.column, part.weight) for part in joint.parts] == [("sex", None), ("cover", None)]
    assert joint.said() == "kind is decided by sex × cover, in all 600 rows"


def test_codes_without_places_have_no_weights() -> None:
    frame = people()
    code = {"0": "4", "1": "0", "2": "3", "3": "9", "4": "1", "5": "8"}
    label = (frame["cover"].map(WORN.index) * 2 + (frame["sex"] == "m")).astype(str).map(code).rename("y")
    joint = found(frame, label)
    assert all(part.weight is None for part in joint.parts)


def test_a_label_that_counts_from_one_has_no_weights() -> None:
    frame = people()
    label = (label_of(frame).astype(int) + 1).astype(str).rename("y")
    assert {part.column: part.weight for part in found(frame, label).parts} == {
        "sex": None, "cover": None, "years": None,
    }  # fmt: skip


def test_fractions_are_cut_at_a_round_number() -> None:
    frame = people()
    tall = frame["height"].astype(float) >= 175
    label = (tall * 2 + (frame["sex"] == "m")).astype(str).rename("y")
    joint = found(frame, label)
    assert {part.column: part.cut for part in joint.parts} == {"height": (175,), "sex": ()}


def test_one_number_alone_can_decide() -> None:
    frame = people()
    label = pd.cut(frame["years"].astype(int), [0, 29, 49, 99], labels=["young", "middle", "old"])
    joint = found(frame, label.astype(str).rename("stage"))
    assert [(part.column, part.cut) for part in joint.parts] == [("years", (30, 50))]


def test_two_numbers_can_decide_together() -> None:
    frame = people()
    label = (frame["height"].astype(float) >= 170) * 2 + (frame["years"].astype(int) >= 40)
    joint = found(frame.drop(columns=["sex", "cover"]), label.astype(str).rename("y"))
    assert [(part.column, part.cut, part.weight) for part in joint.parts] == [
        ("height", (170,), 2), ("years", (40,), 1),
    ]  # fmt: skip


def test_another_name_of_the_classes_is_no_attribute() -> None:
    frame = people()[["height"]].assign(description=lambda rows: [f"k{i % 4}" for i in range(len(rows))])
    label = frame["description"].str[1:].rename("y")
    assert find_joint(frame, label) is None


def test_a_combination_that_never_occurs_does_no_harm() -> None:
    frame = people()
    seen = (frame["cover"] != "none") | (frame["sex"] == "f") | (frame["years"].astype(int) < 60)
    frame = frame[seen].reset_index(drop=True)
    joint = found(frame, label_of(frame))
    assert [part.weight for part in joint.parts] == [6, 3, 1]
    assert label_of(frame).nunique() == 17


def test_a_few_rows_against_it_are_counted() -> None:
    frame = people()
    label = label_of(frame)
    label[:6] = label[:6].map(lambda code: str((int(code) + 9) % 18))  # 1 % wrong
    joint = found(frame, label)
    assert {part.column for part in joint.parts} == {"cover", "sex", "years"}
    assert joint.against == 6
    assert joint.said().endswith("but for 6 of 600 rows")


def test_many_rows_against_it_are_too_many() -> None:
    frame = people()
    label = label_of(frame)
    label[:30] = label[:30].map(lambda code: str((int(code) + 9) % 18))  # 5 % wrong
    assert find_joint(frame, label) is None


def test_a_column_with_gaps_is_no_attribute() -> None:
    frame = people()
    frame.loc[3, "cover"] = None
    assert find_joint(frame, label_of(people())) is None


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_a_round_number_lies_above_low_and_up_to_high(low: float, width: float) -> None:
    assert low < roundest(low, low + width) <= low + width
