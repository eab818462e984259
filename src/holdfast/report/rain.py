"""Where forecasts of rain fail: by group, by the rain that fell, by lead time; the worst samples and an event."""

from __future__ import annotations

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.fonts import in_matplotlib
from holdfast.report.blocks import Block, Card, Chart, Gallery, Motion, Text
from holdfast.report.mistakes import without_samples
from holdfast.report.told import Told
from holdfast.store.run import ENSEMBLE
from holdfast.study.explain_frames import (
    FLOW,
    Forecasts,
    event_animation,
    event_rows,
    forecasts_of,
    listed,
    plain_of,
    tallied,
)
from holdfast.study.frames_numbers import Tally
from holdfast.view.groups import groups_figure, worst_first
from holdfast.view.picture import of_gif
from holdfast.view.rain import error_figure, lead_figure, reliability_of_rain
from holdfast.view.sample import Forecast, draw_sample

SHOWN = 6  # lines of panels


def failures_of_rain(told: Told) -> list[Block]:
    blocks = _by_group(told)
    if told.train is None:
        return [*blocks, without_samples(told)]
    made = forecasts_of(told.run, ENSEMBLE, told.target, told.train)
    tallies = tallied(made)
    numbers = plain_of(made, tallies)
    blocks.append(Chart(error_figure(numbers, "mae")))
    blocks.append(Chart(error_figure(numbers, "bias")))
    if told.target.outputs > 1:
        blocks.append(Chart(lead_figure(numbers)))
    blocks.append(Chart(reliability_of_rain(numbers)))
    if not told.samples:
        return [*blocks, Text("samples are not shown: the report was made with --no-samples", head="Samples")]
    with in_matplotlib(
        [*told.train.names, *told.train.ids, *(told.groups if told.groups is not None else ())]
    ) as fonts:
        blocks += _shown(told.train, made, tallies)
    return blocks if fonts.note is None else [*blocks, Text(fonts.note, "warn", "Fonts")]


def _by_group(told: Told) -> list[Block]:
    groups = told.scores.get("per_group")
    if not groups:
        return []
    values = [one["scores"][ENSEMBLE][told.metric] for one in groups]
    rows = [
        {"group": one["group"], "rows": one["rows"], "value": np.nan if value is None else float(value)}
        for one, value in zip(groups, values, strict=True)
    ]
    whole = told.scores["members"][ENSEMBLE][told.metric]["value"]
    return [Chart(groups_figure(worst_first(rows, told.greater), told.metric, told.greater, whole))]


def _shown(train: Dataset, made: Forecasts, tallies: dict[str, Tally]) -> list[Block]:
    """Panels of the samples of the largest error, and the event with the most rain in motion."""
    frame = listed(made, tallies, SHOWN)
    forecast = Forecast(ENSEMBLE, made.said, made.target)
    blocks: list[Block] = []
    for which in ("worst", "typical"):
        cards = [
            Card(
                str(row["id"]),
                [
                    f"mean absolute error {row['mae']:.3f} mm/h, bias {row['bias']:+.3f}"
                    + (f", optical flow's error {row['flow_mae']:.3f}" if FLOW in tallies else "")
                ],
                draw_sample(train, int(row["row"]), forecast),
            )
            for _, row in frame[frame["which"] == which].iterrows()
        ]
        title = f"{'Worst' if which == 'worst' else 'Typical'} samples by mean absolute error"
        blocks.append(Gallery(title, cards))
    rows = event_rows(train)
    event = "" if train.groups is None else f" {train.groups[rows[0]]}"
    alt = (
        f"Truth beside the forecast of the ensemble, {len(rows)} samples in order of time; mean absolute error from"
        f" {np.nanmin(tallies[ENSEMBLE].mae[rows]):.3f} to {np.nanmax(tallies[ENSEMBLE].mae[rows]):.3f} mm/h."
    )
    animation = of_gif(event_animation(made, tallies[ENSEMBLE]), alt)
    return [*blocks, Motion(f"The event with the most rain{event}, in motion", animation)]
