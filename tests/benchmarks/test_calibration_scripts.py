"""benchmarks/verdicts.py and intervals.py, at the smallest size."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import intervals
import people
import verdicts
from kept import Kept


def test_the_simulated_sets_are_exchangeable_but_for_the_effect() -> None:
    frame = people.simulate(300, seed=1, effects=[1.0])
    first = people.TELLING + people.WIDTH
    moved = first + 3 * people.WIDTH
    codes = frame["label"].map({name: i for i, name in enumerate(people.CLASSES)})
    for j in range(people.WIDTH):
        column = frame[f"x{first + j}"]
        gap = frame[f"x{moved + j}"] - column  # the effect, and nothing else
        np.testing.assert_allclose(gap, codes == j, atol=1e-3)
        means = column.groupby(codes).mean()
        assert abs(means - column.mean()).max() < 0.15, "noise: the class means are equal but for chance"
    assert frame.groupby("subject")["label"].nunique().eq(3).all()
    shares = frame["label"].value_counts(normalize=True)
    assert shares["sit"] > 1.5 * shares["walk"]


def test_in_memory_ablations_say_what_those_in_run_folders_say(tmp_path: Path) -> None:
    one = verdicts.Simulation(0, tmp_path)
    said, whole = one.judged(True, "log_loss", 1), one.whole(True, "log_loss")
    assert {name: said[name] for name in whole} == whole
    assert said["difference"] != 0, "variant and base are not the same"


def test_alarms_and_power_are_counted_by_ablation() -> None:
    def row(none: list[str], effect: list[str], difference: float) -> dict[str, Any]:
        told = {
            verdicts.key_of(*setting): {
                **dict.fromkeys(verdicts.WAYS, effect if setting[0] else none),
                "difference": difference,
                "folds": [3, 5, 5],
            }
            for setting in verdicts.SETTINGS
        }
        return {"learner": "lda", "said": told}

    quiet = ["can't tell"] * 3
    rows = [
        row(quiet, ["helps", *quiet[1:]], 1.0),
        row(["helps", "hurts", "helps"], quiet, 2.0),
        row(quiet, ["helps", "hurts", "can't tell"], 3.0),
        row(quiet, ["hurts", *quiet[1:]], 2.0),
    ]
    calm, told = list(verdicts.without_effect(rows)), list(verdicts.with_effect(rows))
    assert [line[:2] for line in calm] == [[metric, r] for metric in verdicts.METRICS for r in ("1", "3")]
    assert all(cell.startswith("25.0 %") for line in calm for cell in line[2:])
    for line in told:
        assert line[2] == f"{2 / np.std([1, 2, 3, 2], ddof=1):.1f}"
        assert all(cell.startswith("50.0 %") for cell in line[3:])


@pytest.mark.parametrize(
    ("folds", "looks", "want"),
    [
        ([0.1, 0.12, 0.11, -0.9, 0.1], (5,), "can't tell"),
        ([0.1, 0.12, 0.11, -0.9, 0.1], range(2, 6), "helps"),  # seen too early
        ([-0.1, -0.12, -0.11], (3,), "hurts"),
        ([0.0, 0.0, 0.0], (3,), "can't tell"),
    ],
)
def test_the_habit_takes_the_first_look_that_pleases(folds: list[float], looks: range, want: str) -> None:
    assert verdicts.naive(np.array(folds), looks, greater_is_better=True) == want


def test_coverage_counts_what_lies_within() -> None:
    held: dict[str, dict[str, list[float]]] = {"interval": {}, "plain": {}}
    for name in intervals.METRICS:
        held["interval"][name], held["plain"][name] = [0.4, 0.6], [0.5, 0.6]
    rows = [{**held, "truth": dict.fromkeys(intervals.METRICS, truth)} for truth in (0.3, 0.45, 0.55, 0.9)]
    for line in intervals.lines(rows, "8"):
        assert line[3].startswith("50.0 %")
        assert line[4:] == ["25.0 %", "25.0 %", "0.200", "25.0 %", "0.100"]


def test_one_data_set_and_one_division_of_people(tmp_path: Path) -> None:
    """The truth is that of people whom no fold has seen; the interval is wider than the plain one."""
    row = intervals.simulated(8, 21, intervals.dataset(3 * intervals.BLOCKS, seed=1))
    for name in intervals.METRICS:
        (low, high), (plain_low, plain_high) = row["interval"][name], row["plain"][name]
        assert low < plain_low < plain_high < high
    frame = people.simulate(9, seed=2)
    frame.to_csv(tmp_path / "train.csv", index=False)
    test = frame.head(5).drop(columns=["subject", "label"])
    test.to_csv(tmp_path / "test.csv", index=False)
    test[["id"]].assign(label="sit").to_csv(tmp_path / "sample_submission.csv", index=False)
    data, target = intervals.real(tmp_path)
    assert len(data) == len(frame)
    made = intervals.divided(data, target, 0)
    assert made == intervals.divided(data, target, 0)
    assert made["truth"] != intervals.divided(data, target, 1)["truth"]


def test_finished_parts_survive_a_cut_line(tmp_path: Path) -> None:
    file = tmp_path / "out" / "rows.jsonl"
    first = Kept(file)
    first.keep({"mark": "a", "n": 1})
    with file.open("a") as cut:
        cut.write('{"mark": "b", "n"')
    again = Kept(file)
    again.keep({"mark": "c", "n": 3})
    assert [json.loads(line)["mark"] for line in file.read_text().splitlines()] == ["a", "c"]
    assert Kept(file).rows == again.rows
