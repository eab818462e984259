"""Forecasts that learn nothing."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast import radar
from holdfast.errors import BadInput
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import resolve
from holdfast.models.optical_flow import OpticalFlow
from holdfast.models.persistence import Persistence
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import GRID, tiny_data

TWO = TargetSpec(kind="grid", column="rain", shape=(2, 1, 3), leads=(10.0, 20.0), unit="mm/h")


def test_persistence_is_the_last_frame_for_every_lead() -> None:
    X = np.array([[[1, 2, np.nan]], [[3, np.nan, np.nan]]], np.float32)[None]
    made = Persistence().forecast(X, ("t-1", "t-0"), TWO)
    assert np.array_equal(made, np.array([[[[3, 2, 0]], [[3, 2, 0]]]], np.float32))


def test_optical_flow_takes_its_channels_by_name() -> None:
    X = np.arange(15, dtype=np.float32).reshape(1, 5, 1, 3)
    made = OpticalFlow().forecast(X, ("flow_y", "flow-2", "t-0", "flow_x", "flow-1"), TWO)
    assert np.array_equal(made, X[:, [4, 1]])


def test_of_showers_that_move_flow_is_right_and_persistence_is_not() -> None:
    data = tiny_data("frames")
    recipe = Recipe.model_validate(
        {"metric": "rmse", "folds": "stratified", "prepare": [],
         "members": {"flow": {"model": "optical_flow"}, "last": {"model": "persistence"}}}
    )  # fmt: skip
    errors = {}
    for name in ("flow", "last"):
        member = resolve(recipe, name, data, GRID)
        made = fit_member(member, data.take(np.arange(4)), GRID, seed=0, threads=1).predict(data)
        errors[name] = np.abs(made - data.read_grids()).mean()
    assert errors["flow"] < errors["last"] / 10


def test_missing_pysteps_is_said_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(radar, "has_pysteps", lambda: False)
    with pytest.raises(BadInput, match=r"members\.flow\.model: needs pysteps.*install"):
        OpticalFlow().check(GRID, tiny_data("frames"), "members.flow.model")
