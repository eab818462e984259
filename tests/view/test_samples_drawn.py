"""Samples of every kind of data are drawn, with what they show in words."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from holdfast.check.base import KINDS
from holdfast.testing.samples import GRID, tiny_data
from holdfast.view.picture import of_gif, raster
from holdfast.view.sample import DRAW, Forecast, draw_sample


def opened(data: bytes) -> object:
    return pytest.importorskip("PIL.Image").open(io.BytesIO(data))


def test_every_kind_of_data_can_be_drawn() -> None:
    assert set(DRAW) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_of_each_kind_is_drawn_and_named(kind: str) -> None:
    data = tiny_data(kind)
    drawn = draw_sample(data, 3)
    assert "s003" in drawn.alt
    assert (drawn.picture is None) == (kind == "table")


def test_a_window_has_a_strip_for_each_channel_and_a_gap_where_values_are_missing() -> None:
    data = tiny_data("windows")
    source = data.source.copy()
    source[0, 4:8, 1] = np.nan
    drawn = draw_sample(replace(data, source=source), 0)
    assert drawn.picture is not None
    for name in data.names:
        assert f">{name}</text>" in drawn.picture.svg
    assert f"{data.shape[0]} steps in 3 channels" in drawn.alt


def test_a_long_window_keeps_its_peak() -> None:
    data = tiny_data("windows", groups=1, each=3)
    signal = np.zeros((3, 6000, 1), dtype=np.float32)
    signal[0, 4321, 0] = 97.5
    drawn = draw_sample(replace(data, source=signal, names=("x",)), 0)
    assert drawn.picture is not None
    assert "from 0 to 97.5" in drawn.alt
    assert len(drawn.picture.svg) < 20_000
    flat = draw_sample(replace(data, source=np.zeros_like(signal), names=("x",)), 0)
    assert flat.picture is not None
    assert drawn.picture.svg != flat.picture.svg


def test_a_row_of_a_table_tells_what_is_unusual_in_it() -> None:
    data = tiny_data("table")
    source = data.source.copy()
    source[2, 1], source[2, 3] = 1000.0, np.nan
    drawn = draw_sample(replace(data, source=source), 2)
    assert drawn.rows[0] == ("c1", 1000.0, "99%")
    assert ("c3", "missing", "–") in drawn.rows
    assert len(drawn.rows) == 4


def test_a_forecast_stands_beside_its_truth() -> None:
    data = tiny_data("frames")
    truth = data.read_grids()
    drawn = draw_sample(data, 1, Forecast("net", truth + 0.5, GRID))
    assert "mean absolute error 0.5000" in drawn.alt
    assert drawn.picture is not None
    assert drawn.picture.mime == "image/webp"
    alone = draw_sample(replace(data, grids=None), 1)
    assert alone.picture is not None
    assert alone.picture.size[0] > 300


def test_a_large_photo_is_made_small() -> None:
    picture = raster(np.zeros((300, 900, 3), dtype=np.uint8), "black", longest=224)
    assert picture.size == (224, 75)
    assert picture.url.startswith("data:image/webp;base64,")


def test_an_animation_stays_one() -> None:
    image = pytest.importorskip("PIL.Image")
    frames = [image.fromarray(np.full((20, 30, 3), value, dtype=np.uint8)) for value in (0, 120, 240)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=200)
    made = opened(of_gif(file.getvalue(), "three shades").data)
    assert made.n_frames == 3  # type: ignore[attr-defined]
