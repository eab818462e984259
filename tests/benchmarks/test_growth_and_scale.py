"""Growth and scale: their arithmetic, and both scripts at the smallest size."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from growth import exponent, marginal
from job_costs import Made, contention, costs_of
from scale import jobs_of

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
JOBS = ["conv fold 0", "conv fold 1", "conv fold 2", "trees fold 0", "trees fold 1", "trees fold 2"]


def made(seconds: list[float], gap: float = 0.1, start: float = 4.0) -> Made:
    """A run with one worker: its start, then the jobs one after the other, each with a gap before its result."""
    ends, now = {}, start
    for job, took in zip(JOBS, seconds):
        now += took + gap
        ends[job] = now
    return Made(
        now, ends, dict(zip(JOBS, seconds)), dict.fromkeys(JOBS, 1000), {"submit": 0.01, "receive": 0.02}
    )


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_exponent_is_that_of_the_law(power: float):
    sizes = [10, 20, 40, 80]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_a_constant_start_does_not_hide_what_is_linear_and_what_is_not():
    sizes = [2, 8, 16, 32, 64]
    assert exponent(sizes[1:], [50 + size for size in sizes[1:]]) < 0.5
    for power in (0.5, 1.0, 1.1, 2.0):
        assert marginal(sizes, [50 + 3 * size**power for size in sizes]) == pytest.approx(power, abs=1e-3)
    assert math.isnan(marginal(sizes, [1.0, 0.9, 2.0, 3.0, 4.0]))


def test_costs_are_taken_apart():
    costs = costs_of(made([3.0, 1.0, 1.0, 7.0, 5.0, 5.0]), written=1e9, ray=True)
    assert costs.seconds == {"conv": 1.0, "trees": 5.0}
    assert costs.warm == {"conv": 2.0, "trees": 2.0}
    assert costs.start == pytest.approx(4.0)
    assert costs.beside == pytest.approx(0.1 - 0.03)  # what the driver does is not the worker's
    assert [task.seconds for task in jobs_of(costs, repeats=1, folds=1)] == pytest.approx([1.07, 5.07])


def test_contention_leaves_first_jobs_out():
    alone, pair = made([9.0, 1.0, 1.0, 9.0, 2.0, 2.0]), made([9.0, 1.2, 1.2, 9.0, 2.4, 2.4])
    assert contention(alone, pair) == pytest.approx(1.2)
    assert contention(alone, alone) == 1.0


@pytest.mark.slow
def test_growth_prints_a_curve_and_its_exponents():
    said = run("growth.py", "--rounds", "1", "--only", "epochs")
    (line,) = [line for line in said.splitlines() if line.startswith("| epochs")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[2:4] == ["1", "4"]
    assert float(cells[8]) > float(cells[4]) > 0  # eight times the epochs take longer than a quarter of them
    assert float(cells[9]) > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("engines", ["processes", "processes,ray"])
def test_scale_predicts_beside_what_it_measures_and_plans(engines: str):
    sizes = ("--samples", "90", "--workers", "1,2", "--nodes", "1,100", "--variants", "2")
    said = run("scale.py", "--engines", engines, *sizes)
    names = engines.split(",")
    checked = [line for line in said.splitlines() if line.startswith("|") and line.rstrip(" |").endswith("%")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in checked]
    assert [row[:3] for row in rows[: 2 * len(names)]] == [[n, w, "18"] for n in names for w in ("1", "2")]
    for row in rows[: 2 * len(names)]:
        predicted, measured, error = float(row[3]), float(row[4]), float(row[5].strip("+%")) / 100
        assert predicted / measured - 1 == pytest.approx(error, abs=0.05)
    assert said.count("SIMULATED: ") == 2
    assert "100 |  1600" in said
