"""Continuous recordings cut into windows: where each begins, what it is labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from holdfast.recipe.strict import Strict

Rule = Literal["majority", "last", "center", "all"]

# A gap between rows is regular when it is this near to a whole number of steps, as a share of a step;
# a recording where fewer gaps than this share are regular has no clock: its rows are its steps.
OFF_CLOCK, REGULAR = 0.25, 0.95


class Cut(Strict):
    """How recordings are cut into windows."""

    length: int = Field(ge=1, description="steps of a window")
    hop: int = Field(ge=1, description="steps from the start of a window to the start of the next")
    label: Rule = Field(
        "majority",
        description="what the label of a window is: that of most of its rows (of two, the earlier), of its last row,"
        " of the row at its center, or of all its rows, where they have one",
    )


@dataclass(frozen=True)
class Pieces:
    """The windows: the number of its recording, its first step in it, and its rows, from `first` to before `stop`."""

    recording: np.ndarray
    start: np.ndarray
    first: np.ndarray
    stop: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: np.ndarray) -> Pieces:
        return Pieces(self.recording[which], self.start[which], self.first[which], self.stop[which])


def step_of(codes: np.ndarray, times: np.ndarray) -> float | None:
    """Time between steps, the median of the gaps; None where the rows keep no clock. Rows by (recording, time)."""
    gaps = np.diff(times)[np.diff(codes) == 0]
    if len(gaps) == 0:
        return None
    step = float(np.median(gaps))
    off = np.abs(gaps / step - np.round(gaps / step))
    return step if (off <= OFF_CLOCK).mean() >= REGULAR else None


def places_of(codes: np.ndarray, times: np.ndarray, step: float | None) -> np.ndarray:
    """The step of each row within its recording, from 0; rows by (recording, time).

    Each gap is counted by itself, so that a clock which drifts over a long recording does no harm.

    >>> places_of(np.array([0, 0, 0, 1]), np.array([5.0, 6.01, 9.0, 2.0]), 1.0)
    array([0, 1, 4, 0])
    """
    new = np.r_[True, np.diff(codes) != 0]
    gaps = np.ones(len(codes), dtype=np.int64)
    if step is not None:
        gaps[1:] = np.maximum(np.round(np.diff(times) / step), 1)
    total = np.cumsum(gaps)
    return total - total[np.flatnonzero(new)[np.cumsum(new) - 1]]


def pieces_of(codes: np.ndarray, places: np.ndarray, cut: Cut) -> Pieces:
    """Windows from the start of each recording, as long as they fit; one, with gaps at its end, where none fits.

    A window without any row (in a pause) is none. Rows are in order of (recording, step).
    """
    firsts = np.flatnonzero(np.r_[True, np.diff(codes) != 0])
    parts = []
    for first, stop in zip(firsts, np.r_[firsts[1:], len(codes)]):
        mine = places[first:stop]
        starts = np.arange(0, max(mine[-1] + 1 - cut.length, 0) + 1, cut.hop)
        begin, end = (first + np.searchsorted(mine, edge) for edge in (starts, starts + cut.length))
        parts.append(np.stack([np.full(len(starts), codes[first]), starts, begin, end]))
    pieces = Pieces(*np.concatenate(parts, axis=1))
    return pieces.take(pieces.stop > pieces.first)


def label_rows(labels: np.ndarray, places: np.ndarray, pieces: Pieces, cut: Cut) -> np.ndarray:
    """The row that carries each window's label; -1 where the rule finds none.

    `labels`: the code of each row, -1 where it has none. Rows without a label count as of one more kind, so
    that a window which is for the most part unlabelled has no label.
    """
    center = pieces.start + cut.length // 2
    found = np.full(len(pieces), -1)
    for i, (first, stop) in enumerate(zip(pieces.first, pieces.stop)):
        mine = labels[first:stop]
        if cut.label == "last":
            row = len(mine) - 1
        elif cut.label == "center":
            row = int(np.abs(places[first:stop] - center[i]).argmin())
        elif cut.label == "all":
            row = 0 if (mine == mine[0]).all() else -1
        else:
            counts = np.bincount(mine + 1)[mine + 1]
            row = int(counts.argmax())
        if row >= 0 and mine[row] >= 0:
            found[i] = first + row
    return found


def windows_of(values: np.ndarray, places: np.ndarray, pieces: Pieces, length: int) -> np.ndarray:
    """The windows `(n, length, channels)` of rows `(rows, channels)`; missing steps are NaN."""
    out = np.full((len(pieces), length, values.shape[1]), np.nan, dtype=np.float32)
    for window, start, first, stop in zip(out, pieces.start, pieces.first, pieces.stop):
        window[places[first:stop] - start] = values[first:stop]
    return out


def piece_ids(recordings: np.ndarray, pieces: Pieces) -> np.ndarray:
    """`<recording>-<start>` of each window."""
    named = zip(recordings[pieces.recording], pieces.start)
    return np.array([f"{recording}-{start}" for recording, start in named], dtype=str)
