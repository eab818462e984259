"""Views of frames by the symmetries of the square, and what is said of them turned back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.augment.square_symmetry import SYMMETRIES, turned
from holdfast.data.flow import extrapolated
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import resolve
from holdfast.predict.base import said_of_views
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import GRID, tiny_data

NAMES = ("t-0", "flow-1", "flow_y", "flow_x")
RNG = np.random.default_rng(0)
VIEWS: Any = parse("tta", "square_symmetry").for_channels(NAMES)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("size", "count"), [((8, 8), 7), ((8, 6), 3)])
def test_views_are_all_others_once(size: tuple[int, int], count: int) -> None:
    batch = RNG.random((2, 4, *size)).astype(np.float32)
    made = list(VIEWS.views(batch))
    assert len(made) == count
    assert len({view.tobytes() for view in [batch, *made]}) == count + 1
    assert all(view.shape == batch.shape for view in made)
    np.testing.assert_array_equal(made[0], turned(batch, SYMMETRIES[1], (2, 3)))


def test_a_forecast_by_the_field_says_the_same_of_every_view() -> None:
    rows, columns = np.mgrid[:16, :16] / 16
    field = np.stack([1 + columns**2, rows - 2])
    rain = RNG.gamma(0.5, 4, (2, 16, 16))
    batch = np.stack([np.concatenate([one[None], one[None], field]) for one in rain])

    def say(view: np.ndarray) -> np.ndarray:
        return np.stack([extrapolated(one[0], one[2:], leads=2) for one in view])

    said = said_of_views([VIEWS], batch, say)
    assert len(said) == 8
    for one in said[1:]:
        np.testing.assert_allclose(one, said[0], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("model", ["optical_flow", "persistence"])
def test_forecasts_of_a_member_stay_what_they_are(model: str) -> None:
    data = tiny_data("frames")
    plain: dict[str, Any] = {
        "metric": "rmse", "folds": "stratified", "prepare": [], "members": {"one": {"model": model}}
    }  # fmt: skip
    said = []
    for predict in ({}, {"tta": ["square_symmetry"]}):
        member = resolve(Recipe.model_validate({**plain, "predict": predict}), "one", data, GRID)
        said.append(fit_member(member, data, GRID, seed=0, threads=1).predict(data))
    np.testing.assert_allclose(said[1], said[0], rtol=1e-6)
