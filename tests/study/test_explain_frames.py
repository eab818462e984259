"""Explaining forecasts of rain: numbers of known errors, what is drawn, which samples and which event."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from holdfast.cli.explain_frames import frame_lines
from holdfast.cli.main import app
from holdfast.data.dataset import Dataset
from holdfast.recipe.target import TargetSpec
from holdfast.study.explain_frames import (
    FRAME_FILES,
    Forecasts,
    event_rows,
    explain_frames,
    lines_of,
    listed,
    when,
)
from holdfast.study.frames_drawing import (
    CLASSES,
    DRY,
    MISSING,
    RAIN,
    Panels,
    animation,
    difference_colours,
    draw_panels,
    rain_colours,
)
from holdfast.study.frames_numbers import class_of, tally
from holdfast.testing.samples import GRID, tiny_data
from holdfast.train import train

TRUTH = np.array([0.0, 0.05, 0.3, 3.0, 3.0, 60.0], dtype=np.float32).reshape(1, 1, 2, 3)
SAID = np.array([0.0, 0.25, 0.3, 1.0, 4.0, 30.0], dtype=np.float32).reshape(1, 1, 2, 3)


def made_of(data: Dataset, target: TargetSpec = GRID, **over: Any) -> Forecasts:
    """Forecasts that are right but for one sample, the third, and too wet by 0.1 everywhere."""
    said = data.read_grids() + np.float32(0.1)
    said[2] += 2
    return Forecasts(data, target, "net", said, np.arange(len(data)) % 3, **over)


# Numbers.


def test_known_errors_by_what_fell_and_by_what_was_said() -> None:
    made = tally([(TRUTH, SAID)]).plain((10.0,), np.array(["a"]))
    assert made["pixels"] == 6
    assert made["mae"] == pytest.approx((0.2 + 2 + 1 + 30) / 6, rel=1e-5)
    assert made["bias"] == pytest.approx((0.2 - 2 + 1 - 30) / 6, rel=1e-5)
    fell = {row["from"]: row for row in made["by_rain"]}
    assert [row["pixels"] for row in made["by_rain"]] == [2, 0, 1, 0, 0, 2, 0, 0, 0, 1]
    assert fell[0.0]["mae"] == pytest.approx(0.1)
    assert fell[2.0] == {
        "from": 2.0, "to": 5.0, "pixels": 2, "observed": 3.0, "forecast": 2.5, "mae": 1.5, "bias": -0.5,
    }  # fmt: skip
    assert fell[50.0]["to"] is None
    assert fell[50.0]["bias"] == -30
    assert fell[0.1]["mae"] is None  # nothing fell
    said = {row["from"]: row for row in made["reliability"]}
    assert said[0.2]["pixels"] == 2
    assert said[0.2]["observed"] == pytest.approx((0.05 + 0.3) / 2)
    often = {row["mm_h"]: (row["observed"], row["forecast"]) for row in made["thresholds"]}
    assert often[0.1] == (pytest.approx(4 / 6, rel=1e-4), pytest.approx(5 / 6, rel=1e-4))
    assert often[50.0] == (pytest.approx(1 / 6, rel=1e-4), 0.0)
    assert made["by_lead"][0]["lead"] == 10.0
    assert made["by_event"][0]["event"] == "a"
    assert json.loads(json.dumps(made, allow_nan=False)) == made


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 6), leads=st.integers(1, 3), cut=st.integers(1, 6), gaps=st.floats(0, 0.9), seed=st.integers(0, 99)
)  # fmt: skip
def test_sums_are_those_of_all_pixels_however_they_are_cut(
    n: int, leads: int, cut: int, gaps: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    truth, said = rng.gamma(0.4, 6, (2, n, leads, 3, 4)).astype(np.float32)
    truth[rng.random(truth.shape) < gaps] = np.nan
    made = tally((truth[i : i + cut], said[i : i + cut]) for i in range(0, n, cut))
    there = ~np.isnan(truth)
    groups = np.arange(n) % 2
    plain = made.plain((), groups)
    assert plain["pixels"] == there.sum()
    for axis in ("by_rain", "reliability", "by_lead", "by_event"):
        assert sum(row["pixels"] for row in plain[axis]) == there.sum()
    error = np.where(there, np.abs(said - truth), np.nan)
    for i in range(n):
        if there[i].any():
            assert made.mae[i] == pytest.approx(np.nanmean(error[i]), rel=1e-4)
        else:
            assert np.isnan(made.mae[i])
    for number in range(len(CLASSES) + 1):
        mine = there & (class_of(np.nan_to_num(truth)) == number)
        if mine.any():
            assert plain["by_rain"][number]["mae"] == pytest.approx(error[mine].mean(), rel=1e-4)


# Which samples.


def test_worst_and_typical_samples() -> None:
    data = tiny_data("frames", groups=3, each=4)
    made = made_of(data)
    frame = listed(made, {"net": tally([(data.read_grids(), made.said)])}, 3)
    assert frame["which"].tolist() == ["worst"] * 3 + ["typical"] * 3
    assert frame["id"][0] == "s002"
    assert frame["mae"][0] == pytest.approx(2.1, rel=1e-4)
    assert frame["mae"][3:].to_numpy() == pytest.approx(0.1, rel=1e-3)
    assert frame["bias"][3:].to_numpy() == pytest.approx(0.1, rel=1e-3)
    assert frame["fold"].tolist() == [row % 3 for row in frame["row"]]


def test_a_line_of_panels_a_lead_time_first_and_last() -> None:
    data = tiny_data("frames", groups=2, each=3)
    flow = np.repeat(np.asarray(data.flow), [3, 1, 1], axis=1)  # three lead times
    truth = np.repeat(data.read_grids(), 3, axis=1)
    data = replace(data, grids=truth, flow=flow)
    target = TargetSpec(kind="grid", column="rain", shape=(3, 20, 20), leads=(10.0, 20.0, 30.0))
    made = made_of(data, target)
    row = listed(made, {"net": tally([(truth, made.said)])}, 1).iloc[0]
    first, last = lines_of(made, row)
    assert first.titles == (
        "t-3",
        "t-2",
        "t-1",
        "t-0",
        "truth +10 min",
        "net",
        "optical flow",
        "forecast − truth",
    )
    assert last.titles[4] == "truth +30 min"
    assert np.allclose(first.pictures[-1], 2.1, atol=1e-5)
    assert np.array_equal(first.pictures[6], flow[2, 0])
    assert "s002" in first.label
    assert "MAE 2.100" in first.label
    without = list(lines_of(replace(made, train=replace(data, flow=None)), row))
    assert "optical flow" not in without[0].titles


def test_the_event_with_the_most_rain_in_time_order_at_one_place() -> None:
    data = tiny_data("frames", groups=3, each=6)
    assert data.target is not None
    rain = np.full(18, 0.1)
    rain[6:12] = 1
    order = np.r_[np.arange(12)[::-1], np.arange(6)].astype(float)
    data = replace(data, target=rain, order=order)
    assert event_rows(data).tolist() == [11, 10, 9, 8, 7, 6]
    place = np.zeros((18, 2))
    place[[7, 9]] = 30, 40
    assert event_rows(replace(data, place=place)).tolist() == [11, 10, 8, 6]
    assert event_rows(replace(data, order=np.repeat(order[::2], 2))).tolist() == [10, 8, 6]  # one a time
    rain[6:9] = 5  # late, in reversed order
    assert event_rows(replace(data, target=rain), longest=3).tolist() == [8, 7, 6]
    assert event_rows(replace(data, groups=None, order=None)).tolist() == list(range(18))


def test_times_are_dates_where_they_count_from_1970() -> None:
    data = tiny_data("frames", groups=2, each=2)
    assert when(data, 3) == "3 min"
    minutes = np.array(["2016-09-28T15:25"] * 4, dtype="datetime64[m]").astype(float)
    assert when(replace(data, order=minutes), 0) == "2016-09-28 15:25"
    assert when(replace(data, order=None), 0) == ""


# Pictures.


def hex_of(table: Any, norm: Any, value: float) -> str:
    from matplotlib.colors import to_hex

    return to_hex(table(norm(np.ma.masked_invalid([value])))[0])


def test_each_class_has_its_colour() -> None:
    table, norm = rain_colours()
    assert [hex_of(table, norm, start) for start in CLASSES] == list(RAIN)
    assert [hex_of(table, norm, 1.001 * start) for start in CLASSES] == list(RAIN)
    assert hex_of(table, norm, 0.09) == hex_of(table, norm, 0.0) == DRY
    assert hex_of(table, norm, 1e4) == RAIN[-1]
    assert hex_of(table, norm, np.nan) == MISSING
    table, norm = difference_colours()
    assert len({hex_of(table, norm, value) for value in (-20, -3, -0.2, 0.0, 0.2, 3, 20)}) == 7
    red, _, blue = (int(hex_of(table, norm, -20)[i : i + 2], 16) for i in (1, 3, 5))
    assert red > 2 * blue  # brown where too little was said
    assert hex_of(table, norm, 0.09) == hex_of(table, norm, -0.09)


def test_panels_show_what_they_are_given() -> None:
    wet, dry = np.full((8, 8), 7.0), np.zeros((8, 8))
    figure = draw_panels([Panels("one", ("truth", "net", "difference"), (wet, dry, dry - wet))], "title")
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]

    def colour_in(axis: Any) -> str:
        box = axis.get_window_extent()
        row, column = len(pixels) - int(box.y0 + box.height / 2), int(box.x0 + box.width / 2)
        return "#" + "".join(f"{value:02x}" for value in pixels[row, column])

    assert [colour_in(axis) for axis in figure.axes[:2]] == [RAIN[5], DRY]
    assert figure.axes[2].get_title() == "difference"
    assert [axis.get_xlabel() for axis in figure.axes[3:]] == ["mm/h", "forecast − truth, mm/h"]


def test_an_animation_has_a_picture_for_each_pair() -> None:
    pairs = [(np.full((8, 8), 7.0 * i), np.full((8, 8), np.nan)) for i in range(3)]

    picture: Any = Image.open(io.BytesIO(animation(pairs, ["a", "b", "c"], "net")))
    assert picture.format == "GIF"
    assert picture.n_frames == 3
    shown = []
    for frame in range(3):
        picture.seek(frame)
        pixels = np.asarray(picture.convert("RGB"))
        shown.append(pixels[pixels.shape[0] // 2, pixels.shape[1] // 4])
    assert not np.array_equal(shown[0], shown[1])
    assert picture.info["duration"] == 200


def test_what_is_written(tmp_path: Path) -> None:
    data = tiny_data("frames", groups=3, each=4)
    events: list[dict[str, Any]] = []
    made = made_of(data, flow=data.read_grids())
    found = explain_frames(made, tmp_path / "explain", count=2, report=events.append)
    assert {file.name for file in found.files} == set(FRAME_FILES)
    for name in ("worst.png", "typical.png", "by_rain.png", "reliability.png"):
        with Image.open(tmp_path / "explain" / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 1
    with Image.open(tmp_path / "explain" / "event.gif") as picture:
        assert picture.n_frames == 4  # type: ignore[attr-defined]
    held = json.loads((tmp_path / "explain" / "frames.json").read_text())
    assert set(held["forecasts"]) == {"net", "optical flow"}
    assert held["forecasts"]["optical flow"]["mae"] == 0
    assert held["forecasts"]["net"]["mae"] == pytest.approx(0.1 + 2 / 12, rel=1e-4)
    stored = pd.read_csv(tmp_path / "explain" / "samples.csv")
    assert stored["id"][0] == "s002"
    assert stored["flow_mae"].tolist() == [0.0] * 4
    assert {event["job"] for event in events} == {"net", "optical flow"}
    lines = frame_lines(found)
    assert lines[1] == "net: worst samples out of fold, mm/h"
    assert "s002" in lines[3]
    assert any(line.split()[:2] == ["from", "pixels"] for line in lines)

    less = explain_frames(made, tmp_path / "explain", count=2, samples=False)
    assert {file.name for file in less.files} == {
        "samples.csv",
        "frames.json",
        "by_rain.png",
        "reliability.png",
    }
    assert {file.name for file in (tmp_path / "explain").iterdir()} == {file.name for file in less.files}


# A whole run, its events cut as sequences.


def test_a_run_whose_sequences_are_cut_is_explained(tmp_path: Path) -> None:
    folder = tiny.frames_folder(tmp_path / "data", groups=2, each=12)
    table = pd.read_csv(folder / "train.csv")
    hours = pd.Timestamp("2016-09-28") + pd.to_timedelta(np.arange(len(table)) % 12, unit="h")
    table.assign(time=hours.strftime("%Y-%m-%dT%H:%M:%S")).to_csv(folder / "train.csv", index=False)
    values = {
        "data": {**tiny.FRAMES, "folder": str(folder), "order": "time"},
        "metric": "mae",
        "folds": {"kind": "space_time", "minutes": 180, "k": 3, "guard_minutes": 30},
        "members": {"stay": {"model": "persistence"}},
    }
    run = train(values, tmp_path / "run")
    said = CliRunner().invoke(app, ["explain", str(run.path), "--count", "2"])
    assert said.exit_code == 0, said.output
    assert "stay: worst samples out of fold, mm/h" in said.stdout
    assert {file.name for file in (run.path / "explain").iterdir()} == set(FRAME_FILES)
    held = json.loads((run.path / "explain" / "frames.json").read_text())
    assert held["forecasts"]["stay"]["mae"] == pytest.approx(
        run.scores["members"]["stay"]["mae"]["value"], rel=1e-5
    )
    stored = pd.read_csv(run.path / "explain" / "samples.csv")
    assert stored["time"].str.startswith("2016-09-28 ").all()
    again = CliRunner().invoke(app, ["explain", str(run.path)])
    assert again.exit_code == 2
    assert "--force" in again.stderr
