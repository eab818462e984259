"""Training on frames: the loss falls, flow is where it starts, a cut changes nothing, gaps teach nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from holdfast.data.dataset import Dataset
from holdfast.engine.threads import limited
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.recipe.registry import known
from holdfast.recipe.schema import Recipe
from holdfast.testing import example_of
from holdfast.testing.samples import GRID, tiny_data

DATA = tiny_data("frames")
TRAIN, SCORED = np.arange(0, 24), np.arange(24, 36)
NETS: dict[str, dict[str, Any]] = {
    "unet": {"width": 4, "depth": 2},
    "flow_unet": {"width": 4, "depth": 2},
    "conv_lstm": {"width": 4},
    "unet_conv_lstm": {"width": 4, "depth": 2, "lstm_width": 4},
}
FOR_GRIDS = [name for name, cls in known("loss").items() if "grid" in example_of(cls).targets]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def member(name: str, loss: Any = "mae", **fit: Any) -> MemberSpec:
    plain = {
        "metric": "rmse", "folds": "stratified",
        "fit": {"epochs": 2, "batch_size": 8, "precision": "32", "lr": 0.01, **fit},
        "members": {"one": {"model": {name: NETS[name]}, "loss": loss}},
    }  # fmt: skip
    return resolve(Recipe.model_validate(plain), "one", DATA, GRID)


def fitted(spec: MemberSpec, data: Dataset = DATA, **over: Any) -> Any:
    return fit_member(spec, data.take(TRAIN), GRID, 5, 1, **over)


def weights(made: Any) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in made.net.state_dict().items()}


def assert_equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", NETS)
def test_training_lowers_the_loss(name: str, tmp_path: Path) -> None:
    made = fitted(member(name, epochs=4), folder=tmp_path)
    curve = pd.read_csv(tmp_path / "curve.csv")["train_loss"]
    assert curve.iloc[-1] < 0.9 * curve.iloc[0]
    said = made.predict(DATA.take(SCORED))
    assert said.shape == (12, 1, 20, 20)
    assert (said >= 0).all()


def test_flow_unet_untrained_says_what_flow_says() -> None:
    """Steps too small to move a weight leave the flow forecast, through the whole pipeline."""
    made = fitted(member("flow_unet", epochs=1, lr=1e-30))
    np.testing.assert_allclose(made.predict(DATA), DATA.flow[:, :1], rtol=1e-5, atol=1e-6)


def test_flow_unet_betters_flow_that_errs() -> None:
    """Simulated flow that forecasts 0.6 of the rain."""
    flow = DATA.flow.copy()
    flow[:, 0] *= 0.6
    data = replace(DATA, flow=flow)
    made = fitted(member("flow_unet", epochs=20, schedule="one_cycle"), data)
    truth = DATA.read_grids(SCORED)
    error = np.abs(made.predict(data.take(SCORED)) - truth).mean()
    assert error < 0.8 * np.abs(flow[SCORED, :1] - truth).mean()


@pytest.mark.parametrize("loss", [*FOR_GRIDS, {"sum": [{"mae": 1.0}, {"soft_csi": 0.2}]}])
def test_every_loss_for_grids_trains_with_gaps(loss: Any) -> None:
    grids, source = DATA.grids.copy(), DATA.source.copy()
    grids[3], grids[5, 0, :10], source[7, 1, 4:9] = np.nan, np.nan, np.nan
    made = fitted(member("unet", loss, epochs=1), replace(DATA, grids=grids, source=source))
    assert all(np.isfinite(value).all() for value in weights(made).values())
    assert np.isfinite(made.predict(DATA.take(SCORED))).all()


@pytest.mark.parametrize("name", ["flow_unet", "unet_conv_lstm"])
def test_cut_after_an_epoch_ends_as_if_unbroken(name: str, tmp_path: Path) -> None:
    class Cut(Exception):
        """A power cut."""

    def cut(event: dict[str, Any]) -> None:
        if event.get("epoch") == 1:
            raise Cut

    spec = member(name, epochs=3)
    whole = fitted(spec)
    with pytest.raises(Cut):
        fitted(spec, folder=tmp_path, mark="a", report=cut)
    assert (tmp_path / "checkpoint.pt").is_file()
    seen: list[int] = []
    resumed = fitted(spec, folder=tmp_path, mark="a", report=lambda event: seen.append(event["epoch"]))
    assert seen == [1, 2]
    assert_equal(weights(resumed), weights(whole))
    assert resumed.facts == whole.facts


def test_scored_fold_is_never_seen() -> None:
    grids, flow, source = DATA.grids.copy(), DATA.flow.copy(), DATA.source.copy()
    for held in (grids, flow, source):
        held[SCORED] = 77
    spec = member("flow_unet", epochs=2, best=True)
    other = replace(DATA, grids=grids, flow=flow, source=source)
    assert_equal(weights(fitted(spec)), weights(fitted(spec, other)))
