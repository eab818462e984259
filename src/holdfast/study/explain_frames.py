"""How a finished run's forecasts of rain err: the worst and typical samples, an event in motion, curves."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.data.dataset import Dataset
from holdfast.fonts import in_matplotlib
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_bytes, write_json, write_text, write_whole
from holdfast.store.run import Run
from holdfast.study.frames_drawing import (
    Panels,
    animation,
    draw_by_rain,
    draw_panels,
    draw_reliability,
    save_png,
)
from holdfast.study.frames_numbers import Tally, tally

Report = Callable[[dict[str, Any]], None]
SAMPLES, NUMBERS, BY_RAIN, RELIABILITY, WORST, TYPICAL, EVENT = FRAME_FILES = (
    "samples.csv", "frames.json", "by_rain.png", "reliability.png", "worst.png", "typical.png", "event.gif",
)  # fmt: skip
FLOW = "optical flow"
CHUNK = 64  # samples read at once
DRAWN = 6  # lines of panels in a picture
INPUTS = 4  # the last frames that a line of panels begins with
LONGEST = 60  # pictures of an animation
CALENDAR = 1e7  # minutes; times above are counted from 1970, others from a beginning of their own


@dataclass(frozen=True)
class FramesExplained:
    """The worst and the typical samples (a row each), the numbers that are kept, and what was written."""

    member: str
    samples: pd.DataFrame
    numbers: dict[str, Any]
    files: list[Path]
    notes: list[str]


@dataclass(frozen=True)
class Forecasts:
    """Training samples with what a member said of them out of fold, `(n, leads, h, w)` in mm/h, and who else did."""

    train: Dataset
    target: TargetSpec
    member: str
    said: np.ndarray
    fold: np.ndarray
    flow: np.ndarray | None = None  # what the run's member of optical flow said

    def flow_of(self, rows: np.ndarray) -> np.ndarray | None:
        """The forecast of optical flow for a few samples; None where there is none."""
        if self.flow is not None:
            return self.flow[rows]
        if self.train.flow is None:
            return None
        there = rows if self.train.rows is None else self.train.rows[rows]
        return np.asarray(self.train.flow[there][:, :-2], dtype=np.float32)


def forecasts_of(run: Run, member: str, target: TargetSpec, train: Dataset) -> Forecasts:
    """The first repeat's out-of-fold forecasts, left on disk."""
    oof = run.oof[run.oof["repeat"] == 0]

    def said_by(name: str) -> np.ndarray:
        return np.load(run.path / f"oof-{name}.npy", mmap_mode="r")[: len(oof)]

    flows = [name for name, one in run.recipe["members"].items() if "optical_flow" in str(one["model"])]
    there = [name for name in flows if name != member and (run.path / f"oof-{name}.npy").is_file()]
    flow = said_by(there[0]) if there else None
    return Forecasts(train, target, member, said_by(member), oof["fold"].to_numpy(), flow)


def explain_frames(
    made: Forecasts, folder: Path, count: int = 12, samples: bool = True, report: Report = lambda event: None
) -> FramesExplained:
    """Tally the forecasts and draw them; without `samples` no frame is shown, only curves."""
    tallies = tallied(made, report)
    numbers = {"member": made.member, "forecasts": plain_of(made, tallies)}
    frame = listed(made, tallies, count)
    folder.mkdir(exist_ok=True)
    for name in FRAME_FILES:  # above all frames that are no longer wanted
        (folder / name).unlink(missing_ok=True)
    text = io.StringIO()
    frame.drop(columns="row").to_csv(text, index=False, lineterminator="\n", float_format="%.6g")
    write_text(folder / SAMPLES, text.getvalue())
    write_json(folder / NUMBERS, numbers)
    with in_matplotlib(_texts(made, frame, samples)) as fonts:
        figures = {
            BY_RAIN: draw_by_rain(numbers["forecasts"]),  # type: ignore[arg-type]
            RELIABILITY: draw_reliability(numbers["forecasts"]),  # type: ignore[arg-type]
        }
        if samples:
            for name, which in ((WORST, "worst"), (TYPICAL, "typical")):
                some = frame[frame["which"] == which].head(DRAWN)
                lines = [panels for _, row in some.iterrows() for panels in lines_of(made, row)]
                figures[name] = draw_panels(lines, f"{made.member}: {which} samples by mean absolute error")
            write_bytes(folder / EVENT, event_animation(made, tallies[made.member]))
        for name, figure in figures.items():
            write_whole(folder / name, partial(save_png, figure))
    files = [folder / name for name in FRAME_FILES if (folder / name).is_file()]
    return FramesExplained(made.member, frame, numbers, files, [fonts.note] if fonts.note else [])


def _texts(made: Forecasts, frame: pd.DataFrame, samples: bool) -> list[str]:
    """What pictures say that the data and the recipe named."""
    if not samples:
        return [made.member]
    groups = [] if made.train.groups is None else list(set(made.train.groups))
    return list(map(str, [made.member, *made.train.names, *frame["id"], *groups]))


def tallied(made: Forecasts, report: Report = lambda event: None) -> dict[str, Tally]:
    """What the member's forecasts add up to, and those of the run's member of optical flow."""
    tallies = {made.member: _tally(made, made.said, made.member, report)}
    if made.flow is not None:
        tallies[FLOW] = _tally(made, made.flow, FLOW, report)
    return tallies


def plain_of(made: Forecasts, tallies: dict[str, Tally]) -> dict[str, dict[str, Any]]:
    """The tallies as plain values, by name."""
    return {name: one.plain(made.target.leads, made.train.groups) for name, one in tallies.items()}


def _tally(made: Forecasts, said: np.ndarray, name: str, report: Report) -> Tally:
    total = -(-len(made.train) // CHUNK)

    def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for number in range(total):
            rows = slice(number * CHUNK, (number + 1) * CHUNK)
            yield made.train.read_grids(rows), np.asarray(said[rows], dtype=np.float32)
            report({"event": "explain", "job": name, "done": number + 1, "jobs": total})

    return tally(pairs())


def listed(made: Forecasts, tallies: dict[str, Tally], count: int) -> pd.DataFrame:
    """Samples of the largest mean absolute error, then of one nearest to the median of those with rain."""
    train, mae = made.train, tallies[made.member].mae
    assert train.target is not None
    measured = np.flatnonzero(~np.isnan(mae))
    worst = measured[np.argsort(-mae[measured], kind="stable")[:count]]
    wet = measured[train.target[measured] > 0]
    wet = wet if len(wet) else measured
    off = np.abs(mae[wet] - np.median(mae[wet]))
    typical = wet[np.argsort(off, kind="stable")[:count]]
    rows = np.concatenate([worst, typical])
    frame = pd.DataFrame(
        {
            "which": np.repeat(["worst", "typical"], [len(worst), len(typical)]),
            "row": rows,
            "id": train.ids[rows],
            "group": None if train.groups is None else train.groups[rows],
            "time": [when(train, row) for row in rows],
            "fold": made.fold[rows],
            "rain": train.target[rows],
            "mae": mae[rows],
            "bias": tallies[made.member].bias[rows],
        }
    )
    return frame if FLOW not in tallies else frame.assign(flow_mae=tallies[FLOW].mae[rows])


def lines_of(made: Forecasts, row: Any) -> Iterator[Panels]:
    """Panels of one listed sample, for its first and its last lead time."""
    where = "  ".join(str(row[name]) for name in ("id", "group", "time") if row[name])
    label = f"{where}   MAE {row['mae']:.3f}, bias {row['bias']:+.3f} mm/h"
    return panels_of(made, int(row["row"]), label)


def panels_of(made: Forecasts, row: int, label: str) -> Iterator[Panels]:
    """The last frames of a sample, truth, forecast and their difference, for its first and its last lead time."""
    at = np.array([row])
    inputs, truth = made.train.read(at)[0], made.train.read_grids(at)[0]
    said, flow = np.asarray(made.said[row]), made.flow_of(at)
    named = list(zip(made.train.names, inputs, strict=True))[-INPUTS:]
    for lead in sorted({0, len(truth) - 1}):
        shown = [*named, (f"truth {_ahead(made.target, lead)}", truth[lead]), (made.member, said[lead])]
        if flow is not None:
            shown.append((FLOW, flow[0, lead]))
        shown.append(("forecast − truth", said[lead] - truth[lead]))
        titles, pictures = zip(*shown, strict=True)
        yield Panels(label, titles, pictures)


def _ahead(target: TargetSpec, lead: int) -> str:
    """A lead time in words: minutes where they are known."""
    return f"+{target.leads[lead]:g} min" if target.leads else f"+{lead + 1}"


def when(data: Dataset, row: int) -> str:
    """The time of a sample; a date where times are counted from 1970."""
    if data.order is None:
        return ""
    minutes = float(data.order[row])
    if minutes < CALENDAR:
        return f"{minutes:g} min"
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")


def event_animation(made: Forecasts, errors: Tally) -> bytes:
    """The event with the most rain, at its first lead time, as a GIF."""
    rows = event_rows(made.train)
    pairs = [(made.train.read_grids(np.array([row]))[0, 0], np.asarray(made.said[row, 0])) for row in rows]
    groups = made.train.groups
    titles = [
        f"{'' if groups is None else groups[row]}  {when(made.train, row)}  {_ahead(made.target, 0)}"
        f"   MAE {errors.mae[row]:.3f} mm/h"
        for row in rows
    ]
    return animation(pairs, titles, made.member)


def event_rows(data: Dataset, longest: int = LONGEST) -> np.ndarray:
    """Samples of the event with the most rain in time order, of one place where places are known, one a time.

    Of a long event, the stretch of `longest` samples with the most rain.
    """
    assert data.target is not None
    rows = _with_most_rain(np.arange(len(data)), data.groups, data.target)
    if data.place is not None:
        places = np.unique(data.place, axis=0, return_inverse=True)[1].ravel()
        rows = _with_most_rain(rows, places, data.target)
    if data.order is not None:
        rows = rows[np.unique(data.order[rows], return_index=True)[1]]
    if len(rows) <= longest:
        return rows
    sums = np.convolve(data.target[rows], np.ones(longest), "valid")
    start = int(sums.argmax())
    return rows[start : start + longest]


def _with_most_rain(rows: np.ndarray, groups: np.ndarray | None, rain: np.ndarray) -> np.ndarray:
    """Those of the rows that are in the group whose rain adds up to the most."""
    if groups is None:
        return rows
    codes = np.unique(groups[rows], return_inverse=True)[1]
    return rows[codes == np.bincount(codes, rain[rows]).argmax()]
