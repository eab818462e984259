"""Folds in one model train as they would alone; what compiling costs is paid back after so many steps."""

from __future__ import annotations

import copy
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from holdfast.models.base import Network
from holdfast.recipe.registry import parse

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "contestants"))

import batched
import compiled
import one_model

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FOLDS = 3


def nets_of(model: str, fields: dict[str, object]) -> list[nn.Module]:
    spec = parse("model", {model: fields})
    assert isinstance(spec, Network)
    torch.manual_seed(0)
    return [spec.build((20, 3), 4).train() for _ in range(FOLDS)]


def after_steps(way: type, nets: list[nn.Module], X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Outputs of every fold after three steps on its own batches."""
    model = way(copy.deepcopy(nets))
    for _ in range(3):
        model.step(X, y)
    return model.outputs(X).detach()


def a_batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return 3 * torch.randn(FOLDS, 8, 20, 3), torch.randint(4, (FOLDS, 8))


CONV = {"width": 4, "kernel": 5, "dropout": 0.0, "spatial_dropout": 0.0}
NETWORKS = [
    ("conv_residual", CONV),
    ("inception_time", {"width": 2, "kernel": 7, "blocks": 3}),
    ("transformer", {"width": 8, "heads": 2, "blocks": 1, "dropout": 0.0}),
]


@pytest.mark.parametrize(("model", "fields"), NETWORKS)
def test_stacked_folds_train_as_each_alone(model: str, fields: dict[str, object]) -> None:
    nets, (X, y) = nets_of(model, fields), a_batch()
    alone = after_steps(one_model.Alone, nets, X, y)
    assert torch.allclose(after_steps(one_model.Stacked, nets, X, y), alone, atol=1e-3)
    assert not torch.allclose(one_model.Alone(nets).outputs(X), alone, atol=1e-2)  # the steps did something


def test_grouped_folds_train_as_each_alone() -> None:
    nets, (X, y) = nets_of("conv_residual", CONV), a_batch()
    alone = after_steps(one_model.Alone, nets, X, y)
    assert torch.allclose(after_steps(one_model.Grouped, nets, X, y), alone, atol=1e-3)


def test_a_fold_is_clipped_by_its_own_norm() -> None:
    large, small = torch.full((2, 2), 30.0), torch.full((2, 2), 0.1)
    one = torch.zeros(4, 2)
    one.grad = torch.cat([large, small])  # two folds along the first axis
    one_model.clip_each([one], 2)
    assert one.grad[:2].norm() == pytest.approx(1.0, abs=1e-4)
    assert torch.equal(one.grad[2:], small)


def test_what_was_saved_makes_good_for_the_cold_compilation() -> None:
    each = compiled.Timed(cold=10.0, warm=1.0, eager=[(0.3, 0.4)] * 3, compiled=[(0.1, 0.2)] * 3)
    assert each.steps_back == pytest.approx(50)
    assert each.gain(1) == pytest.approx(2)
    assert compiled.row("net", compiled.TASKS["gru"], 2, each)[-1] == "50 steps"
    slower = compiled.Timed(cold=10.0, warm=1.0, eager=[(0.1, 0.1)], compiled=[(0.3, 0.1)])
    assert math.isinf(slower.steps_back)
    assert compiled.row("net", compiled.TASKS["gru"], 2, slower)[-1] == "never"


def test_ways_that_cannot_take_a_network_have_no_figure() -> None:
    took = {"one": [(4.0, 8.0)], "two": [(2.0, 4.0)], "stacked": [(1.0, 2.0)]}
    cells = batched.row("net", batched.Task({}, (5, 2)), took)
    assert cells == ["net", "64 × 5 × 2", "4.00 (8.00)", "2.00 (4.00)", "1.00 (2.00)", "–", "2.00", "–"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("batched.py", ["--samples", "32", "--networks", "conv_residual 4, tiny", "gru 32"]),
        ("compiled.py", ["--steps", "1", "--networks", "gru"]),
    ],
)
def test_script_prints_a_row_for_each_network(script: str, arguments: list[str]) -> None:
    command = [sys.executable, str(BENCHMARKS / script), "--rounds", "1", *arguments]
    made = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr[-3000:]
    rows = [line for line in made.stdout.splitlines() if line.startswith("|")][2:]
    assert len(rows) == (2 if script == "batched.py" else 1)
    assert all(float(row.split("|")[4].split()[0]) > 0 for row in rows)
