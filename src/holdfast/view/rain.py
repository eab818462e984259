"""Figures of forecasts of rain, from the numbers of `study/frames_numbers.py`: error by rain, by lead, reliability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.study.frames_numbers import CLASSES
from holdfast.view.figure import WIDTH, Figure, altair, inline, number

Numbers = Mapping[str, Mapping[str, Any]]  # what each forecast adds up to, by its name
WORDS = {"mae": "mean absolute error", "bias": "bias (forecast less truth)"}
FIRST = CLASSES[0]  # mm/h: rain scales are straight below it


def error_figure(numbers: Numbers, what: str) -> Figure:
    """`mae` or `bias` over the class of rain that fell, of each forecast."""
    rows = [
        {"forecast": name, "from": row["from"], "rain": row["observed"], "value": row[what], "pixels": row["pixels"]}
        for name, one in numbers.items()
        for row in one["by_rain"]
        if row["pixels"]
    ]  # fmt: skip
    first = next(iter(numbers))
    heavy = [row for row in rows if row["forecast"] == first][-1:]
    said = "".join(
        f" Where {row['from']:g} mm/h or more fell, the {WORDS[what]} of {first} is {number(row['value'])} mm/h"
        f" ({row['pixels']:,} pixels)."
        for row in heavy
    )
    whole = ", ".join(f"{name} {number(one[what])}" for name, one in numbers.items())
    return Figure(
        f"rain-{what}", f"{WORDS[what].capitalize()} by the rain that fell",
        f"Over all pixels the {WORDS[what]} is {whole} mm/h.{said}",
        ("forecast", "rain from, mm/h", "mean rain", f"{what}, mm/h", "pixels"),
        tuple((row["forecast"], row["from"], row["rain"], row["value"], row["pixels"]) for row in rows),
        _lines(rows, ("rain", "true rain, mm/h (mean of its class)"), ("value", f"{WORDS[what]}, mm/h")),
    )  # fmt: skip


def reliability_of_rain(numbers: Numbers) -> Figure:
    """What fell over what was said; the dashed line is reliable."""
    rows = [
        {"forecast": name, "said": row["forecast"], "fell": row["observed"], "pixels": row["pixels"]}
        for name, one in numbers.items()
        for row in one["reliability"]
        if row["pixels"]
    ]
    first = next(iter(numbers))
    top = [row for row in rows if row["forecast"] == first][-1]
    alt = altair()
    ends = [
        {"said": end, "fell": end} for end in (0.0, max(row[key] for row in rows for key in ("said", "fell")))
    ]
    line = alt.Chart(inline(ends)).mark_line(strokeDash=[4, 3], color="currentColor", opacity=0.6)
    dots = _lines(
        rows, ("said", "forecast, mm/h (mean of its class)"), ("fell", "mean truth, mm/h"), low="symlog"
    )
    return Figure(
        "rain-reliability", "What fell where so much was said",
        f"Where {first} says most, {number(top['said'])} mm/h in the mean, {number(top['fell'])} mm/h fell"
        f" ({top['pixels']:,} pixels).",
        ("forecast", "mean forecast, mm/h", "mean truth, mm/h", "pixels"),
        tuple((row["forecast"], row["said"], row["fell"], row["pixels"]) for row in rows),
        alt.layer(dots, line.encode(x="said:Q", y="fell:Q")).properties(width=WIDTH, height=300),
    )  # fmt: skip


def lead_figure(numbers: Numbers) -> Figure:
    """Mean absolute error by lead time, of each forecast."""
    rows = [
        {"forecast": name, "lead": row["lead"], "value": row["mae"]}
        for name, one in numbers.items()
        for row in one["by_lead"]
    ]
    first = [row for row in rows if row["forecast"] == next(iter(numbers))]
    return Figure(
        "rain-lead", "Error by lead time",
        f"The mean absolute error goes from {number(first[0]['value'])} mm/h at the first lead time to"
        f" {number(first[-1]['value'])} at the last.",
        ("forecast", "lead", "mean absolute error, mm/h"),
        tuple((row["forecast"], row["lead"], row["value"]) for row in rows),
        _lines(rows, ("lead", "lead time"), ("value", "mean absolute error, mm/h"), x="linear"),
    )  # fmt: skip


def _lines(
    rows: list[dict[str, Any]],
    over: tuple[str, str],
    what: tuple[str, str],
    x: str = "symlog",
    low: str = "linear",
) -> Any:
    alt = altair()

    def scale(kind: str) -> Any:
        return alt.Scale(type=kind, **({"constant": FIRST} if kind == "symlog" else {}))

    return (
        alt.Chart(inline(rows))
        .mark_line(point=alt.OverlayMarkDef(size=45))
        .encode(
            x=alt.X(f"{over[0]}:Q", title=over[1], scale=scale(x), axis=_axis(x)),
            y=alt.Y(f"{what[0]}:Q", title=what[1], scale=scale(low), axis=_axis(low)),
            color=alt.Color("forecast:N", title=None, sort=list(dict.fromkeys(row["forecast"] for row in rows))),
            tooltip=["forecast:N", *(alt.Tooltip(f"{name}:Q", format=".4g") for name in (over[0], what[0]))],
        )
        .properties(width=WIDTH, height=240)
    )  # fmt: skip


def _axis(kind: str) -> Any:
    alt = altair()
    return alt.Axis(values=[0, *CLASSES], format="g") if kind == "symlog" else alt.Axis()
