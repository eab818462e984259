"""A network that never forecasts the rain that its data have is named; one that does is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from holdfast.data.dataset import Dataset
from holdfast.engine.threads import limited
from holdfast.fit.member import fit_member
from holdfast.fit.reach import SAMPLES, reach_note, reach_of
from holdfast.fit.resolved import resolve
from holdfast.models.base import Network
from holdfast.recipe.registry import component, known
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import GRID, tiny_data

DATA = tiny_data("frames")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def truth_up_to(highest: float) -> Any:
    """A forecast that is the truth, capped."""
    return lambda data: np.minimum(data.read_grids(), np.float32(highest))


def test_a_forecast_that_stays_below_a_threshold_is_named() -> None:
    reach = reach_of(truth_up_to(0.9), DATA)
    share = (DATA.read_grids() >= 5).mean()
    assert reach["highest"] == [0.9]
    assert reach["shares"]["5"] == pytest.approx([share], rel=1e-3)
    note = reach_note("net", [{"reach": reach}, {"reach": reach_of(truth_up_to(99), DATA)}])
    assert note is not None
    assert note.startswith(
        f"net: never forecasts more than 0.9 mm/h (1 of 2 folds), where the data have 5 mm/h in {share:.1%} of the pixels"
    )


def test_a_forecast_that_reaches_all_is_not() -> None:
    assert reach_note("net", [{"reach": reach_of(truth_up_to(5.1), DATA)}]) is None
    assert reach_note("trees", [{}, {"columns": [1]}]) is None


def test_a_threshold_that_hardly_a_pixel_reaches_is_no_reproach() -> None:
    rain = np.full((4, 1, 20, 20), 0.5, dtype=np.float32)
    rain[0, 0, 0, 0] = 40  # one of 1,600 pixels
    data = replace(DATA.take(np.arange(4)), grids=rain, rows=None)
    assert reach_note("net", [{"reach": reach_of(truth_up_to(0.6), data)}]) is None


def test_each_lead_time_is_looked_at_and_gaps_are_not() -> None:
    rain = np.concatenate([DATA.read_grids(), DATA.read_grids()], axis=1)
    rain[:, :, :3] = np.nan
    data = replace(DATA, grids=rain)

    def second_is_dead(some: Dataset) -> np.ndarray:
        made = np.nan_to_num(some.read_grids())
        made[:, 1] *= 0
        return made

    reach = reach_of(second_is_dead, data)
    assert reach["highest"][1] == 0
    assert reach["truth"] == pytest.approx([np.nanmax(rain)] * 2, rel=1e-3)
    note = reach_note("net", [{"reach": reach}])
    assert note is not None
    assert "more than 0 mm/h, lead 2 (1 of 1 folds)" in note


def test_at_most_so_many_samples_are_read() -> None:
    seen: list[int] = []

    def count(some: Dataset) -> np.ndarray:
        seen.append(len(some))
        return some.read_grids()

    many = DATA.take(np.tile(np.arange(36), 20))
    assert reach_of(count, many)["samples"] == sum(seen) == SAMPLES
    assert max(seen) <= 32


@pytest.fixture
def dead_head() -> Iterator[str]:
    """Planted: a network whose output goes through a ReLU that lets nothing through but its bias."""

    @component("dead_head")
    class DeadHead(Network):
        """A last layer that died."""

        takes = frozenset({"frames"})
        targets = frozenset({"grid"})

        def build(self, shape: tuple[int, ...], outputs: int) -> torch.nn.Module:
            net = torch.nn.Sequential(
                torch.nn.Conv2d(shape[0], outputs, 1), torch.nn.ReLU(), torch.nn.Hardtanh(0, 0.7)
            )
            torch.nn.init.constant_(net[0].bias, -50)  # type: ignore[arg-type]
            return net

    yield "dead_head"
    from holdfast.recipe import registry

    del registry._found["model"]["dead_head"]


def fitted(model: Any, **fit: Any) -> Any:
    plain = {
        "metric": "rmse", "folds": "stratified",
        "fit": {"epochs": 1, "batch_size": 9, "precision": "32", **fit}, "members": {"one": {"model": model}},
    }  # fmt: skip
    spec = resolve(Recipe.model_validate(plain), "one", DATA, GRID)
    return fit_member(spec, DATA, GRID, 1, 1)


def test_a_dead_output_is_found_by_training_and_a_live_one_is_silent(dead_head: str) -> None:
    known("model")
    dead = fitted(dead_head).facts
    assert dead["reach"]["highest"][0] <= 0.7
    assert "never forecasts more than" in (reach_note("net", [dead]) or "")
    alive = fitted({"flow_unet": {"width": 4}}).facts
    assert reach_note("net", [alive]) is None
