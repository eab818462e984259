"""One sample as its kind of data is looked at: a signal plot, a photo, panels of rain, or its values.

This is the place where kinds are drawn; whoever shows samples asks here and needs no `if kind`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.fonts import in_matplotlib
from holdfast.recipe.target import TargetSpec
from holdfast.view.figure import Cell, altair, inline, number
from holdfast.view.picture import Picture, of_figure, raster
from holdfast.view.svg import as_svg

PHOTO = 224  # pixels of a photo's longer side
STRIP, ACROSS = 34, 260  # pixels of a channel's strip
MOST_CHANNELS = 12
MOST_STEPS = 240  # of a strip: more are told by the lowest and the highest of each stretch


@dataclass(frozen=True)
class Drawn:
    """A sample to show: a picture, or a table of its values; `alt` says what it is in words."""

    alt: str
    picture: Picture | None = None
    head: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True)
class Forecast:
    """What was said of samples that are grids: forecasts `(n, leads, h, w)` in mm/h, row by row as in the data."""

    member: str
    said: np.ndarray
    target: TargetSpec


def draw_sample(data: Dataset, row: int, forecast: Forecast | None = None) -> Drawn:
    """The sample at `row` of `data`. `forecast`: of frames, what stands beside the truth."""
    return DRAW[data.kind](data, row, forecast)


def draw_window(data: Dataset, row: int, forecast: Forecast | None = None) -> Drawn:
    """A strip for each channel over its steps, each on its own scale; missing values leave a gap."""
    alt, signal = altair(), data.read(np.array([row]))[0]
    length = int((~np.isnan(signal).all(axis=1)).nonzero()[0].max(initial=0)) + 1
    names, signal = data.names[:MOST_CHANNELS], signal[:length, :MOST_CHANNELS]
    rows = [
        {"step": int(step), "value": None if np.isnan(value) else float(f"{value:.4g}"), "channel": name}
        for name, column in zip(names, signal.T, strict=True)
        for step, value in _thinned(column)
    ]
    axis = {"tickCount": 2, "labelFontSize": 9, "grid": False}
    strips = (
        alt.Chart(inline(rows))
        .mark_line(strokeWidth=1.2)
        .encode(
            x=alt.X("step:Q", title=None, axis=alt.Axis(format="d", **{**axis, "tickCount": 4})),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(**axis)),
            row=alt.Row(
                "channel:N",
                sort=list(names),
                title=None,
                spacing=4,
                header=alt.Header(labelAngle=0, labelAlign="left", labelFontSize=10, labelLimit=70),
            ),
        )
        .resolve_scale(y="independent")
        .properties(width=ACROSS, height=STRIP)
    )
    more = len(data.names) - len(names)
    said = (
        f"Signal of {length} steps in {len(data.names)} channels"
        f"{f', of which {len(names)} are drawn' if more else ''}: "
    )
    ends = ", ".join(
        f"{name} {_ends(column)}" for name, column in zip(names[:4], signal.T[:4], strict=True)
    ) + (" …" if len(names) > 4 else "")
    words = f"{data.ids[row]}. {said}{ends}"
    return Drawn(words, Picture(words, svg=as_svg(strips)))


def draw_photo(data: Dataset, row: int, forecast: Forecast | None = None) -> Drawn:
    """The photo, made small."""
    pixels = data.read(np.array([row]))[0]
    words = f"Photo {data.ids[row]}, {pixels.shape[1]} by {pixels.shape[0]} pixels as the model gets it."
    return Drawn(words, raster(pixels, words, PHOTO))


def draw_frames(data: Dataset, row: int, forecast: Forecast | None = None) -> Drawn:
    """The last frames, and where they are known the truth, the forecast and their difference."""
    from holdfast.study.explain_frames import Forecasts, panels_of, when
    from holdfast.study.frames_drawing import Panels, draw_panels

    said = "  ".join(str(part) for part in (data.ids[row], *_group(data, row), when(data, row)) if part)
    if forecast is None or data.grids is None:
        frames = data.read(np.array([row]))[0]
        lines = [Panels(said, (*data.names, "last − first"), (*frames, frames[-1] - frames[0]))]
        words = f"Rain of {said} in {len(frames)} frames; most {number(float(np.nanmax(frames)))} mm/h."
        with in_matplotlib([said, *data.names]):
            return Drawn(words, of_figure(draw_panels(lines, "mm/h"), words))
    made = Forecasts(data, forecast.target, forecast.member, forecast.said, np.zeros(len(data)))
    truth, told = data.read_grids(np.array([row]))[0], np.asarray(forecast.said[row], dtype=np.float32)
    off = told - truth
    words = (
        f"Rain of {said}: mean truth {number(float(np.nanmean(truth)))} mm/h, mean forecast of {forecast.member}"
        f" {number(float(np.nanmean(told)))}, mean absolute error {number(float(np.nanmean(abs(off))))}."
    )
    label = f"{said}   MAE {np.nanmean(abs(off)):.3f}, bias {np.nanmean(off):+.3f} mm/h"
    with in_matplotlib([label, forecast.member, *data.names]):
        return Drawn(words, of_figure(draw_panels(list(panels_of(made, row, label)), forecast.member), words))


def draw_values(data: Dataset, row: int, forecast: Forecast | None = None) -> Drawn:
    """Every value of a table's row beside the share of samples that lie below it, the most unusual first."""
    own = data.read(np.array([row]))[0]
    below, there = np.zeros(len(own)), np.zeros(len(own))
    for part in data.chunks():
        below += (own > part).sum(axis=0) + 0.5 * (own == part).sum(axis=0)
        there += (~np.isnan(part)).sum(axis=0)
    share = below / np.maximum(there, 1)
    order = np.argsort(-np.abs(np.where(np.isnan(own), 0.5, share) - 0.5), kind="stable")
    rows = tuple(
        (data.names[i], *(("missing", "–") if np.isnan(own[i]) else (float(own[i]), f"{share[i]:.0%}")))
        for i in order
    )
    first = ", ".join(
        f"{name} {value if isinstance(value, str) else number(value)}" for name, value, _ in rows[:3]
    )
    words = f"{data.ids[row]}: {len(rows)} values, the most unusual of them {first}."
    return Drawn(words, head=("column", "value", "samples below"), rows=rows)


Draw = Callable[[Dataset, int, "Forecast | None"], Drawn]
DRAW: dict[str, Draw] = {
    "windows": draw_window,
    "images": draw_photo,
    "frames": draw_frames,
    "table": draw_values,
}


def _group(data: Dataset, row: int) -> tuple[Any, ...]:
    return () if data.groups is None else (data.groups[row],)


def _thinned(column: np.ndarray) -> list[tuple[int, float]]:
    """Steps and values; of a long signal the lowest and the highest of each stretch, so that no peak is lost."""
    if len(column) <= MOST_STEPS:
        return list(enumerate(column.tolist()))
    kept: list[int] = []
    for part in np.array_split(np.arange(len(column)), MOST_STEPS // 2):
        known = part[~np.isnan(column[part])]
        ends = {known[column[known].argmin()], known[column[known].argmax()]} if len(known) else {part[0]}
        kept += sorted(int(step) for step in ends)
    return [(step, float(column[step])) for step in kept]


def _ends(column: np.ndarray) -> str:
    known = column[~np.isnan(column)]
    return f"from {known.min():.4g} to {known.max():.4g}" if len(known) else "is missing"
