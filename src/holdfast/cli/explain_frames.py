"""What `holdfast explain` prints of forecasts of rain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.cli.columns import columns

if TYPE_CHECKING:
    from holdfast.study.explain_frames import FramesExplained

FIELDS = ("id", "group", "time", "fold", "rain", "mae", "bias", "flow_mae")


def frame_lines(found: FramesExplained) -> list[str]:
    """The worst samples, errors by the rain that fell, and the files."""
    worst = found.samples[found.samples["which"] == "worst"]
    fields = [name for name in FIELDS if name in worst and worst[name].astype(bool).any()]
    return [
        "",
        f"{found.member}: worst samples out of fold, mm/h",
        *columns([fields, *([_cell(row[name]) for name in fields] for _, row in worst.iterrows())]),
        "",
        "by the rain that fell, mm/h",
        *rain_lines(found.numbers["forecasts"]),
        *(f"note: {note}" for note in found.notes),
        f"stored: {', '.join(str(file) for file in found.files)}",
    ]


def rain_lines(forecasts: dict[str, dict[str, Any]]) -> list[str]:
    """A line for each class of true rain: its pixels, then error and bias of each forecast."""
    head = ["from", "pixels", *(f"{what} {name}" for name in forecasts for what in ("MAE", "bias"))]
    lines = zip(*(one["by_rain"] for one in forecasts.values()), strict=True)
    rows = [
        [
            f"{each[0]['from']:g}",
            str(each[0]["pixels"]),
            *(_cell(one[name]) for one in each for name in ("mae", "bias")),
        ]
        for each in lines
        if each[0]["pixels"]
    ]
    return columns([head, *rows], right=tuple(range(len(head))))


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
