"""Pictures of forecasts: panels, an event as an animation, error by rain, reliability."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from holdfast.errors import BadInput
from holdfast.study.frames_numbers import CLASSES

INSTALL = 'install them in Holdfast\'s folder: pip install -c constraints.txt -e ".[radar]"'
# Light to heavy as weather services paint it: blue, green, yellow, red, violet; one colour a class of CLASSES.
RAIN = ("#b3d9ff", "#66b3ff", "#1a75ff", "#0033a0", "#2e9e3f", "#f2e205", "#ff9d1a", "#e60000", "#a000c8")
DRY, MISSING = "#ffffff", "#c8c8c8"
TOO_MUCH = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)  # classes of a difference in mm/h, both ways
PANEL, DPI = 1.5, 90  # inches of a panel's side
PAUSE = 200  # milliseconds a picture of an animation


@dataclass(frozen=True)
class Panels:
    """A row of pictures `(h, w)` in mm/h with their titles; the last is a difference."""

    label: str
    titles: tuple[str, ...]
    pictures: tuple[np.ndarray, ...]


def needed(module: str) -> ModuleType:
    """A module of matplotlib or pillow. Figures are made without pyplot, which keeps them and looks for a screen."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise BadInput(
            f"pictures of forecasts need {error.name}, which is not installed; {INSTALL}"
        ) from None


def rain_colours() -> tuple[Any, Any]:
    """The colour table of rain rates, and which class a value in mm/h is of; missing is grey, dry is white."""
    colors = needed("matplotlib.colors")
    table = colors.ListedColormap(RAIN, name="rain rate, mm/h")
    return table.with_extremes(under=DRY, over=RAIN[-1], bad=MISSING), colors.BoundaryNorm(
        (*CLASSES, 2 * CLASSES[-1]), len(RAIN)
    )


def difference_colours() -> tuple[Any, Any]:
    """Brown where too little was said, green where too much, white between -0.1 and 0.1 mm/h."""
    bounds = (*(-edge for edge in reversed(TOO_MUCH)), *TOO_MUCH)
    table = needed("matplotlib").colormaps["BrBG"].resampled(len(bounds) + 1)
    norm = needed("matplotlib.colors").BoundaryNorm(bounds, table.N, extend="both")
    return table.with_extremes(bad=MISSING), norm


def draw_panels(rows: Sequence[Panels], title: str) -> Any:
    """A figure: a line of panels for each, and below them the scales."""
    across = max(len(row.pictures) for row in rows)
    figure = _figure(PANEL * across, PANEL * 1.3 * len(rows) + 1.3)
    height = figure.get_figheight()
    axes = figure.subplots(len(rows), across, squeeze=False)
    figure.subplots_adjust(0.01, 1.0 / height, 0.99, 1 - 0.75 / height, 0.05, 0.36)
    figure.suptitle(title, fontsize=10, y=1 - 0.1 / height)
    for line, row in zip(axes, rows, strict=True):
        line[0].text(0, 1.16, row.label, transform=line[0].transAxes, fontsize=8, weight="bold")
        for number, axis in enumerate(line):
            if number >= len(row.pictures):
                axis.set_axis_off()
                continue
            last = number == len(row.pictures) - 1
            _show(
                axis,
                row.pictures[number],
                row.titles[number],
                *(difference_colours() if last else rain_colours()),
            )
    _scale(figure, (0.05, 0.55 / height, 0.4, 0.15 / height), "mm/h", *rain_colours())
    _scale(figure, (0.55, 0.55 / height, 0.4, 0.15 / height), "forecast − truth, mm/h", *difference_colours())
    return figure


def draw_by_rain(numbers: dict[str, dict[str, Any]]) -> Any:
    """A figure: mean absolute error and bias over the class of true rain, of each forecast."""
    return _two_curves(
        numbers, "by_rain", "true rain, mm/h", (("mae", "mean absolute error, mm/h"), ("bias", "bias, mm/h"))
    )


def draw_reliability(numbers: dict[str, dict[str, Any]]) -> Any:
    """A figure: what fell over what was said, and how often each amount fell and was said."""
    figure = _figure(9, 4)
    said, often = figure.subplots(1, 2)
    for name, one in numbers.items():
        rows = [row for row in one["reliability"] if row["pixels"]]
        said.plot([row["forecast"] for row in rows], [row["observed"] for row in rows], "o-", label=name)
        over = one["thresholds"]
        often.plot([row["mm_h"] for row in over], [row["forecast"] for row in over], "o-", label=name)
    over = next(iter(numbers.values()))["thresholds"]
    often.plot([row["mm_h"] for row in over], [row["observed"] for row in over], "k--", label="observed")
    ends = (0, CLASSES[-1])
    said.plot(ends, ends, "k--", linewidth=1, label="reliable")
    for axis in (said, often):
        axis.set_xscale("symlog", linthresh=CLASSES[0])
        axis.legend(fontsize=8)
    said.set_yscale("symlog", linthresh=CLASSES[0])
    often.set_yscale("log")
    said.set(xlabel="forecast, mm/h (mean of its class)", ylabel="mean truth, mm/h")
    often.set(xlabel="threshold, mm/h", ylabel="share of pixels at or above")
    figure.tight_layout()
    return figure


def animation(pairs: Sequence[tuple[np.ndarray, np.ndarray]], titles: Sequence[str], said: str) -> bytes:
    """A GIF of truth beside forecast, `(h, w)` in mm/h each, one picture after another with its title."""
    figure = _figure(6.2, 3.9)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(0.02, 0.17, 0.98, 0.86, 0.04)
    named = zip((left, right), pairs[0], ("truth", said), strict=True)
    shown = [_show(*each, *rain_colours()) for each in named]
    _scale(figure, (0.1, 0.11, 0.8, 0.03), "mm/h", *rain_colours())
    head = figure.suptitle("", fontsize=10)
    image, pictures = needed("PIL.Image"), []
    for pair, title in zip(pairs, titles, strict=True):
        for one, picture in zip(shown, pair, strict=True):
            one.set_data(np.ma.masked_invalid(picture))
        head.set_text(title)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
        pictures.append(image.fromarray(pixels.copy()).quantize(128))
    file = io.BytesIO()
    pictures[0].save(
        file, "GIF", save_all=True, append_images=pictures[1:], duration=PAUSE, loop=0, disposal=1
    )
    return file.getvalue()


def save_png(figure: Any, file: BinaryIO) -> None:
    figure.savefig(file, format="png", dpi=DPI)


def _two_curves(
    numbers: dict[str, dict[str, Any]], rows_of: str, over: str, what: tuple[tuple[str, str], ...]
) -> Any:
    figure = _figure(9, 4)
    for axis, (field, label) in zip(figure.subplots(1, len(what)), what, strict=True):
        for name, one in numbers.items():
            rows = [row for row in one[rows_of] if row["pixels"]]
            axis.plot([row["observed"] for row in rows], [row[field] for row in rows], "o-", label=name)
        axis.set_xscale("symlog", linthresh=CLASSES[0])
        axis.set_yscale("symlog", linthresh=CLASSES[0])
        axis.axhline(0, color="black", linewidth=0.7)
        axis.set(xlabel=over, ylabel=label)
        axis.legend(fontsize=8)
    figure.tight_layout()
    return figure


def _figure(width: float, height: float) -> Any:
    figure = needed("matplotlib.figure").Figure(figsize=(width, height), dpi=DPI)
    needed("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    return figure


def _show(axis: Any, picture: np.ndarray, title: str, table: Any, norm: Any) -> Any:
    axis.set(xticks=(), yticks=())
    axis.set_title(title, fontsize=8, pad=2)
    return axis.imshow(np.ma.masked_invalid(picture), cmap=table, norm=norm, interpolation="nearest")


def _scale(figure: Any, place: tuple[float, float, float, float], label: str, table: Any, norm: Any) -> None:
    axis = figure.add_axes(place)
    bar = needed("matplotlib.colorbar").Colorbar(
        axis, norm=norm, cmap=table, orientation="horizontal", spacing="uniform", ticks=norm.boundaries
    )
    axis.tick_params(labelsize=6)
    axis.set_xticklabels([f"{bound:g}" for bound in norm.boundaries])
    bar.set_label(label, fontsize=7, labelpad=1)
