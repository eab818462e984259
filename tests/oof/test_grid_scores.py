"""Scores of forecast grids: the floors, groups, gaps, and what is kept and shown of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.cli.grid_scores import against_lines, crps_lines, grid_score_lines, group_lines
from holdfast.cli.scores import fold_lines, other_metric_lines, score_lines
from holdfast.data import slices
from holdfast.data.dataset import Dataset
from holdfast.engine.job import Work
from holdfast.folds.table import Folds, make_folds
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import score_with_interval
from holdfast.oof.grid_scores import floor_forecasts
from holdfast.oof.scores import all_scores, member_scores, metrics_of, score_so_far
from holdfast.oof.table import truth_as_written, truth_of
from holdfast.recipe.registry import parse
from holdfast.testing.samples import GRID, tiny_frames


def metric(name: str, **fields: Any) -> Metric:
    return parse("metric", {name: fields})  # type: ignore[return-value]


def work(data: Dataset | None = None, repeats: int = 1) -> Work:
    """36 simulated showers of 6 events, three folds of whole events."""
    data = data or tiny_frames()
    splitter = parse("folds", {"kind": "group", "k": 3, "repeats": repeats})
    folds = make_folds(splitter, data, GRID, Path())  # type: ignore[arg-type]
    return Work({}, data, None, GRID, folds, 0, 1, "")


def with_gaps(data: Dataset, share: float = 0.2) -> Dataset:
    gaps = np.random.default_rng(5).random(data.grids.shape) < share
    return replace(data, grids=np.where(gaps, np.float32(np.nan), data.grids))


def said_of(made: Work, noise: float, seed: int = 0) -> np.ndarray:
    """The truth with noise, `(repeats, n, leads, h, w)`, a repeat as the others."""
    truth = np.nan_to_num(made.train.read_grids())
    rng = np.random.default_rng(seed)
    said = np.maximum(truth + noise * rng.normal(size=truth.shape), 0).astype(np.float32)
    return np.repeat(said[None], made.folds.repeats, axis=0)


def scored(made: Work, oof: dict[str, np.ndarray], **fields: Any) -> dict[str, Any]:
    return all_scores(made, metrics_of(metric("mae_csi", **fields), GRID), oof, None)


def test_persistence_is_scored_by_hand() -> None:
    """Three samples of two by two pixels, thresholds 1 mm/h: counted on paper."""
    frames = np.zeros((3, 2, 2, 2), dtype=np.float32)
    frames[:, 0] = [[50, 50], [50, 1]]  # of the frame before the last one pixel counts, where b has a gap
    frames[0, 1] = [[2, 0], [0, 0]]
    frames[1, 1] = [[2, 3], [0, np.nan]]
    frames[2, 1] = [[0, 0], [0, 4]]
    grids = np.array([[[3, 0], [0, 0]], [[0, 5], [2, 0]], [[1, np.nan], [0, np.nan]]], dtype=np.float32)[
        :, None
    ]
    data = Dataset("frames", np.array(["a", "b", "c"]), frames, ("t-1", "t-0"), np.zeros(3), grids=grids)
    target = GRID.model_copy(update={"shape": (1, 2, 2)})
    folds = Folds(np.array([[0, 1, 1]]), ((np.array([], dtype=int),) * 2,), {})
    made = Work({}, data, None, target, folds, 0, 1, "")
    perfect = np.nan_to_num(grids)[None]
    scores = all_scores(made, metrics_of(metric("csi", threshold=1), target), {"ensemble": perfect}, None)
    stay = scores["floors"]["persistence"]
    # hits (0,0) of a, (0,1) of b; false alarms (0,0), (1,1) of b; misses (1,0) of b, (0,0) of c; 4 in c meets a gap
    assert stay["csi_1"]["value"] == pytest.approx(2 / 6)
    assert stay["pod_1"]["value"] == pytest.approx(2 / 4)
    assert stay["far_1"]["value"] == pytest.approx(2 / 4)
    assert stay["mae"]["value"] == pytest.approx((1 + 2 + 2 + 2 + 1 + 1) / 10)
    assert scores["members"]["ensemble"]["csi_1"]["value"] == 1
    assert scores["metric"] == "csi_1"
    assert list(scores["floors"]) == ["persistence"], "no flow, no optical flow"
    assert "per_group" not in scores
    assert stay["mae"]["how"] == "bootstrap over samples (no groups are known)"


def test_floors_are_the_last_frame_and_the_flow_of_the_same_rows() -> None:
    data = tiny_frames()
    some = data.take(np.array([30, 2, 7]))
    made = floor_forecasts(some, slice(1, 3), 1)
    np.testing.assert_array_equal(made["persistence"][:, 0], data.source[[2, 7], 3])
    np.testing.assert_array_equal(made["optical_flow"][:, 0], data.flow[[2, 7], 0])
    far = floor_forecasts(replace(some, flow=None), slice(0, 3), 4)["persistence"]
    assert far.shape == (3, 4, 20, 20)
    assert (far == far[:, :1]).all()


def test_flow_beats_persistence_on_showers_that_move() -> None:
    made = work()
    scores = scored(made, {"ensemble": said_of(made, 0.01)})
    flow, stay = (scores["floors"][name] for name in ("optical_flow", "persistence"))
    assert flow["mae"]["value"] < stay["mae"]["value"]
    assert flow["csi_1"]["value"] > stay["csi_1"]["value"]
    want = score_with_interval(
        metric("mae"), made.train.read_grids(), [made.train.flow[:, :1]], made.train.groups
    )
    assert flow["mae"] == pytest.approx(want.plain())


def test_thresholds_stand_apart_and_the_recipes_metric_first() -> None:
    made = work()
    scores = scored(made, {"ensemble": said_of(made, 0.3)})
    keys = ["mae_csi", "mae", "rmse", "csi_0.1", "csi_1", "csi_5", "pod_1", "far_1", "fss_1_9", "per_fold"]
    assert list(scores["members"]["ensemble"]) == keys
    assert list(scores["directions"]) == keys[:-1]
    assert scores["directions"]["csi_1"] is True
    assert scores["directions"]["far_1"] is scores["directions"]["mae_csi"] is False
    assert [one.key for one in metrics_of(metric("csi", threshold=1), GRID)][:3] == ["csi_1", "mae", "rmse"]
    at = scored(made, {"ensemble": said_of(made, 0.3)}, pixels=[[3, 3], [9, 9]])
    ensemble = at["members"]["ensemble"]
    assert at["metric"] == "mae_csi_2px"
    assert ensemble["mae_csi"] == scores["members"]["ensemble"]["mae_csi"], "the others are over all pixels"
    assert ensemble["mae_csi_2px"] != ensemble["mae_csi"]


def test_gaps_of_the_truth_count_for_nothing() -> None:
    made = work(with_gaps(tiny_frames()))
    said = said_of(made, 0.3)
    other = np.where(np.isnan(made.train.read_grids()), np.float32(99), said)
    first, second = (scored(made, {"ensemble": one}) for one in (said, other))
    assert first["members"] == second["members"]
    truth = made.train.read_grids()
    there = ~np.isnan(truth)
    want = np.abs(said[0] - truth)[there].mean(dtype=np.float64)
    assert first["members"]["ensemble"]["mae"]["value"] == pytest.approx(want)
    assert np.isfinite(first["crps"]["value"] if "crps" in first else 0)


def test_rows_at_a_time_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made = work(with_gaps(tiny_frames()))
    oof = {"one": said_of(made, 0.3), "two": said_of(made, 1, 1), "ensemble": said_of(made, 0.2)}
    whole = scored(made, oof)
    monkeypatch.setattr(slices, "AT_ONCE", 5 * 20 * 20 * 4)  # five rows
    assert scored(made, oof) == whole


def test_interval_is_over_events() -> None:
    made = work()
    scores = scored(made, {"ensemble": said_of(made, 0.3)})
    one = scores["members"]["ensemble"]["mae_csi"]
    assert one["how"] == "bootstrap over groups"
    assert one["units"] == 6
    assert one["low"] < one["value"] < one["high"]
    want = score_with_interval(
        metric("mae_csi"), made.train.read_grids(), list(said_of(made, 0.3)), made.train.groups
    )
    assert one == pytest.approx(want.plain())


def test_the_ensemble_is_paired_with_each_floor() -> None:
    made = work()
    stay = floor_forecasts(made.train, slice(0, 36), 1)["persistence"][None]
    scores = scored(made, {"ensemble": stay})
    for one in scores["against"]["persistence"].values():
        assert one["value"] == one["low"] == one["high"] == one["percent"] == 0
    flow = scores["against"]["optical_flow"]
    assert flow["mae"]["low"] > 0, "the last frame is surely worse than the flow"
    assert flow["csi_1"]["high"] < 0
    held = scores["floors"]
    gap = held["persistence"]["mae"]["value"] - held["optical_flow"]["mae"]["value"]
    assert flow["mae"]["value"] == pytest.approx(gap)
    assert flow["mae"]["percent"] == pytest.approx(100 * gap / held["optical_flow"]["mae"]["value"])
    assert flow["mae"]["percent_low"] < flow["mae"]["percent"] < flow["mae"]["percent_high"]
    assert flow["mae"]["how"] == "paired bootstrap over groups"


def test_each_event_has_a_row() -> None:
    made = work()
    said = said_of(made, 0.3)
    rows = scored(made, {"ensemble": said})["per_group"]
    assert [row["group"] for row in rows] == [f"g{i}" for i in range(6)]
    assert [row["rows"] for row in rows] == [6] * 6
    here, truth = made.train.groups == "g4", made.train.read_grids()
    scores = rows[4]["scores"]
    assert list(scores) == ["ensemble", "persistence", "optical_flow"]
    assert scores["ensemble"]["mae_csi"] == pytest.approx(metric("mae_csi").score(truth[here], said[0, here]))
    stay = metric("csi", threshold=5).score(truth[here], made.train.source[here, 3:])
    assert scores["persistence"]["csi_5"] == pytest.approx(stay)


def test_crps_is_of_several_members() -> None:
    made = work()
    one, two = said_of(made, 1, 1), said_of(made, 1, 2)
    both = scored(made, {"one": one, "two": two, "ensemble": (one + two) / 2})
    truth = made.train.read_grids()
    want = (np.abs(one - truth) + np.abs(two - truth)).mean() / 2 - np.abs(one - two).mean() / 4
    assert both["crps"]["value"] == pytest.approx(want, rel=1e-5)
    assert both["crps"]["units"] == 6
    assert both["crps"]["value"] < both["members"]["one"]["mae"]["value"]
    assert "crps" not in scored(made, {"one": one, "ensemble": one})


def test_repeats_are_averaged_and_folds_told() -> None:
    made = work(repeats=2)
    oof = np.stack([said_of(made, 0.1)[0], said_of(made, 1)[0]])
    scores = scored(made, {"ensemble": oof})
    truth = made.train.read_grids()
    each = [metric("mae_csi").score(truth, one) for one in oof]
    assert scores["members"]["ensemble"]["mae_csi"]["value"] == pytest.approx(np.mean(each))
    folds = scores["members"]["ensemble"]["per_fold"]
    rows = made.folds.part(1, 2)[1]
    assert np.shape(folds) == (2, 3)
    assert folds[1][2] == pytest.approx(metric("mae_csi").score(truth[rows], oof[1, rows]))
    assert np.shape(scores["floors"]["persistence"]["per_fold"]) == (2, 3)
    before = member_scores(made, metrics_of(metric("mae_csi"), GRID), oof)
    assert before == scores["members"]["ensemble"]


def test_score_so_far_counts_finished_rows() -> None:
    made = work(with_gaps(tiny_frames()), repeats=2)
    said, oof = said_of(made, 0.3), np.full((2, 36, 1, 20, 20), np.nan, dtype=np.float32)
    rows = made.folds.part(1, 0)[1]
    oof[1, rows] = said[1, rows]
    told = score_so_far(made, metric("mae"), oof)
    assert told.value == pytest.approx(metric("mae").score(made.train.read_grids()[rows], said[1, rows]))
    assert told.units == 2


def test_truth_of_grids_is_read_and_the_table_holds_amounts() -> None:
    made = work()
    assert truth_of(made).shape == (36, 1, 20, 20)
    assert np.array_equal(truth_as_written(made.train, GRID), made.train.target)


def test_tables() -> None:
    made = work()
    oof = {"one": said_of(made, 1, 1), "two": said_of(made, 1, 2), "ensemble": said_of(made, 0.2)}
    scores = {**scored(made, oof), "before": {}}
    lines = score_lines(scores)
    assert "lower mae_csi is better" in lines[0]
    assert lines[1].split() == [
        "member",
        "mae_csi",
        "95",
        "%",
        "interval",
        "mae",
        "csi_0.1",
        "csi_1",
        "csi_5",
    ]
    assert [line.split()[0] for line in lines[2:7]] == [
        "one",
        "two",
        "ensemble",
        "persistence",
        "optical_flow",
    ]
    assert f"{scores['members']['ensemble']['csi_5']['value']:.4f}" in lines[4]
    assert lines[7] == "intervals: bootstrap over groups, 6 of them"
    others = other_metric_lines(scores)
    assert any(line.split()[:2] == ["optical_flow", "fss_1_9"] for line in others)
    assert not any("class shares" in line for line in lines + others)
    against = against_lines(scores)
    (row,) = [line for line in against if line.split()[:2] == ["persistence", "mae"]]
    assert row.endswith("better")
    assert " %" in row
    groups = group_lines(scores)
    assert groups[1].split() == ["group", "samples", "ensemble", "persistence", "optical_flow"]
    assert len(groups) == 2 + 6
    assert crps_lines(scores)[0].startswith("CRPS of the members together: 0.")
    folds = fold_lines(scores)
    assert folds[1].split() == ["fold", "one", "two", "ensemble", "persistence", "optical_flow"]
    assert len(folds) == 2 + 3


def test_of_many_events_the_hardest_are_shown() -> None:
    made = work(tiny_frames(groups=14, each=2))
    said = said_of(made, 0.1)
    said[0, made.train.groups == "g9"] = 0
    lines = group_lines(scored(made, {"ensemble": said}))
    assert "10 of 14" in lines[0]
    assert lines[2].split()[0] == "g9"


def test_a_member_with_a_floors_name_stands_beside_it() -> None:
    made = work()
    own = said_of(made, 0.01)
    scores = scored(made, {"persistence": own, "ensemble": own})
    plain = scored(made, {"ensemble": own})
    assert scores["members"]["persistence"] == plain["members"]["ensemble"]
    assert scores["floors"] == plain["floors"]
    lines = grid_score_lines(scores)
    assert sum(line.startswith("persistence") for line in lines) == 2
