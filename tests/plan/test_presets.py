"""What `new` makes of what it found, and that it says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.plan.facts import Facts
from holdfast.plan.measure import Classes
from holdfast.plan.presets import FIT, members_for


def classes(*rows: int) -> Classes:
    return Classes(("a", "b", "c"), np.array(rows), np.array([12, 12, 12]))


FACTS = Facts("windows", 900, 100, 6, 128, 0.0, 0.0, "subject", 12, classes(300, 300, 300), None)


def names(facts: Facts, preset: str = "strong", metric: str = "log_loss") -> list[str]:
    return [choice.name for choice in members_for(facts, "classes", metric, preset).chosen]


def test_members_too_slow_for_many_rows_are_left_out_with_the_reason() -> None:
    members = members_for(replace(FACTS, kind="table", samples=50_000), "classes", "accuracy", "fast")
    assert "svc" not in [choice.name for choice in members.chosen]
    assert any(line.startswith("svc is left out: 50,000 samples") for line in members.left_out)


def test_few_people_get_no_network() -> None:
    few = replace(FACTS, units=4)
    assert "conv" in names(FACTS)
    assert "conv" not in names(few)
    made = members_for(few, "classes", "log_loss", "strong")
    assert any("conv is left out: 4 independent units" in line for line in made.left_out)
    assert made.fit == {}
    assert members_for(FACTS, "classes", "log_loss", "strong").fit == FIT


def test_thresholds_only_for_skew_and_macro_f1() -> None:
    skewed = replace(FACTS, classes=classes(600, 290, 10))
    for facts, metric, wanted in (
        (skewed, "macro_f1", True),
        (FACTS, "macro_f1", False),
        (skewed, "log_loss", False),
    ):
        made = members_for(facts, "classes", metric, "strong")
        assert ("postprocess" in made.predict) is wanted
        assert made.predict["calibrate"] == ["temperature"]
    assert any("no balance" in line for line in members_for(skewed, "classes", "log_loss", "fast").remarks)


def test_gaps_are_spoken_of() -> None:
    assert any(
        "2.0%" in line
        for line in members_for(replace(FACTS, gaps=0.02), "classes", "accuracy", "fast").remarks
    )


@pytest.mark.parametrize("preset", ["fast", "strong"])
@pytest.mark.parametrize("kind", ["table", "windows"])
def test_values_have_no_probabilities_to_calibrate(preset: str, kind: str) -> None:
    made = members_for(replace(FACTS, kind=kind, classes=None, real=(0.0, 1.0, 2.0)), "real", "rmse", preset)
    assert made.predict == {}
    assert made.ensemble[0] == {"tested_mean": {"blend": "weighted_mean"}}
    assert made.chosen


def test_columns_of_one_range_are_not_scaled_again() -> None:
    table = replace(FACTS, kind="table")
    made = members_for(replace(table, one_range=True), "classes", "accuracy", "fast")
    assert made.prepare is not None
    assert made.prepare[0] == ["impute"]
    settings = {choice.name: choice.entry["model"] for choice in made.chosen}
    assert settings["svc"] == {"svc": {"C": 100.0}}
    assert members_for(table, "classes", "accuracy", "fast").prepare is None


def test_boosted_trees_only_where_units_are_many() -> None:
    few, many = (replace(FACTS, kind="table", units=units) for units in (12, 300))
    assert "boost" not in names(few)
    assert "boost" in names(many)


def test_three_axes_get_their_magnitude() -> None:
    named = members_for(replace(FACTS, triples=(("ax", "ay", "az"),)), "classes", "log_loss", "fast").prepare
    nameless = members_for(replace(FACTS, triples=((0, 1, 2),)), "classes", "log_loss", "fast").prepare
    assert named is not None
    assert nameless is not None
    assert named[0] == ["interpolate", {"magnitude": {"axes": [["ax", "ay", "az"]]}}, "standardize"]
    assert nameless[0][1] == {"magnitude": {"axes": [[0, 1, 2]]}}
    assert members_for(FACTS, "classes", "log_loss", "fast").prepare is None
