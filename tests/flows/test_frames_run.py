"""A whole run over frames: scored beside the floors, kept, shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from holdfast import radar
from holdfast.cli.show import finished_lines
from holdfast.data.frames import Frames
from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.store.run import Run
from holdfast.train import prepare, train

MEMBERS = {"stay": {"model": "persistence"}, "again": {"model": "persistence"}}
if radar.has_pysteps():
    MEMBERS["moves"] = {"model": "optical_flow"}


def values(folder: Path, **over: Any) -> dict[str, Any]:
    return {
        "data": {**tiny.FRAMES, "folder": str(tiny.frames_folder(folder))},
        "metric": "mae_csi",
        "folds": {"kind": "group", "k": 3},
        "members": MEMBERS,
        "predict": {"postprocess": ["quantile_mapping", {"wet_threshold": {"for_metric": "mae_csi"}}]},
        **over,
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("frames")
    told: list[dict[str, Any]] = []
    made = train(values(folder / "data"), folder / "run", report=told.append)
    done = [one for one in told if one["event"] == "done"]
    assert [one["metric"] for one in done] == ["mae_csi"] * 3 * len(MEMBERS)
    assert done[2]["value"] == made.scores["members"]["stay"]["mae_csi"]["value"], "all folds are there"
    return made


def truth_of(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """What was measured, and the last frame before it."""
    data = parse("data", run.recipe["data"])
    assert isinstance(data, Frames)
    loaded = data.load(Path()).train
    return loaded.read_grids(), loaded.read()[:, 3:]


def test_members_that_stay_score_as_the_floor_does(run: Run) -> None:
    scores = run.scores
    floor = scores["floors"]["persistence"]
    assert scores["members"]["stay"] == scores["members"]["again"] == floor
    truth, last = truth_of(run)
    metric = parse("metric", "mae_csi")
    assert floor["mae_csi"]["value"] == pytest.approx(metric.score(truth, last))  # type: ignore[attr-defined]
    assert floor["mae_csi"]["units"] == 6
    if "moves" in MEMBERS:
        assert scores["members"]["moves"] == scores["floors"]["optical_flow"] != floor


def test_what_follows_the_ensemble_is_scored_cross_fitted(run: Run) -> None:
    scores = run.scores
    before, after = scores["before"]["ensemble"], scores["members"]["ensemble"]
    parts = [run.predictions(name) for name in MEMBERS]
    truth, _ = truth_of(run)
    mean = np.abs(np.mean(parts, axis=0) - truth).mean(dtype=np.float64)
    assert before["mae"]["value"] == pytest.approx(mean, rel=1e-6)
    assert after["mae"] != before["mae"]
    change, stay = scores["against"]["persistence"]["mae"], scores["members"]["stay"]["mae"]["value"]
    assert change["value"] == pytest.approx(after["mae"]["value"] - stay)


def test_forecasts_are_kept_as_float32(run: Run) -> None:
    truth, last = truth_of(run)
    for name in ("stay", "ensemble"):
        for made, rows in ((run.predictions(name), 36), (run.test_predictions(name), 8)):
            assert made.dtype == np.float32
            assert made.shape == (rows, 1, 20, 20)
            assert (made >= 0).all()
    np.testing.assert_array_equal(run.predictions("stay"), last)
    amounts = run.oof["truth"].to_numpy()
    assert np.corrcoef(amounts, truth.mean(axis=(1, 2, 3)))[0, 1] > 0.9


def test_shown(run: Run) -> None:
    text = "\n".join(finished_lines(run))
    assert "lower mae_csi is better" in text
    assert "floors: persistence" in text
    assert "the ensemble against the floors" in text
    assert "mae_csi group by group" in text
    assert "CRPS of the members together" in text
    assert "postprocessed, by other folds' rows: " in text


def test_metrics_and_steps_of_classes_are_refused(tmp_path: Path) -> None:
    for over, said in (
        ({"metric": "log_loss"}, "metric: log_loss scores classes, the target 'rain' is grid"),
        ({"metric": {"csi": {"pixels": [[20, 0]]}}}, r"\[20, 0\] is outside grids of 20 x 20"),
        (
            {"predict": {"postprocess": ["temperature"]}},
            "temperature is for classes, the target 'rain' is grid",
        ),
    ):
        with pytest.raises(BadInput, match=said):
            prepare(load_recipe(values(tmp_path, **over)), tmp_path)
