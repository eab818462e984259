"""What the values of each sample and channel are, in numbers that many checks share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from holdfast.check.base import Seen
from holdfast.data.dataset import Dataset
from holdfast.data.slices import slices_of

READ = 1 << 29  # bytes of inputs looked at; of more than that, samples evenly spread
VALUES = 200_000  # of a channel, for its middle and its spread
PIXELS = 64  # rows and columns of a photo that are looked at
AXIS = {"windows": 2, "images": 3, "frames": 1}  # where the channels stand; a table's columns are channels


@dataclass(frozen=True)
class ChannelFacts:
    """Of each sample looked at and each channel, `(m, channels)` float64; NaN where a sample has no value in it.

    `rows`: which samples; `missing`: share without a value; `low`, `high`, `mean`; `spread`: standard deviation
    within the sample (0 of tables); `pace`: mean absolute step over that deviation; `length`: steps up to the last value.
    `sampled`: some values of all samples, `(v, channels)`, for what needs the values themselves.
    """

    rows: np.ndarray
    missing: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    pace: np.ndarray
    length: np.ndarray
    sampled: np.ndarray

    @property
    def rms(self) -> np.ndarray:
        """Root of the mean square, `(m, channels)`."""
        return np.sqrt(self.mean**2 + self.spread**2)


def facts_of(seen: Seen) -> ChannelFacts:
    """The facts of the training samples, worked out once."""
    return seen.once("channel facts", lambda: channel_facts(seen.train))


def some_rows(data: Dataset, most: int | None = None) -> np.ndarray:
    """All rows, or as many evenly spread ones as READ bytes hold, and `most`."""
    fits = max(1, READ // max(data.nbytes // max(len(data), 1), 1))
    count = min(len(data), fits, most or len(data))
    return np.unique(np.linspace(0, len(data) - 1, count).astype(np.int64))


def by_channel(data: Dataset, rows: np.ndarray) -> Iterator[np.ndarray]:
    """The inputs at `rows`, in their order, as `(b, values, channels)` float32 some at a time."""
    for part in slices_of(len(rows), max(1, 4 * int(np.prod(data.shape)))):
        X = data.read(rows[part])
        if data.kind == "table":
            yield X[:, None, :]
            continue
        if data.kind == "images":
            X = X[:, :: -(-X.shape[1] // PIXELS), :: -(-X.shape[2] // PIXELS)]
        first = np.moveaxis(X, AXIS[data.kind], 1)
        channels = np.ascontiguousarray(first, dtype=np.float32).reshape(len(X), first.shape[1], -1)
        yield np.moveaxis(channels, 1, 2)  # in memory channel by channel, since sums run over values


def channel_facts(data: Dataset) -> ChannelFacts:
    """The facts of a data set; of one larger than READ bytes, those of samples evenly spread."""
    rows = some_rows(data)
    each = max(1, VALUES // len(rows))
    parts, sampled = [], []
    for X in by_channel(data, rows):
        parts.append(_facts(X))
        at = np.unique(np.linspace(0, X.shape[1] - 1, min(each, X.shape[1])).astype(np.int64))
        sampled.append(X[:, at].reshape(-1, X.shape[2]))
    missing, low, high, mean, spread, pace, length = (np.concatenate(one) for one in zip(*parts))
    return ChannelFacts(rows, missing, low, high, mean, spread, pace, length, sampled=np.concatenate(sampled))


def _facts(X: np.ndarray) -> tuple[np.ndarray, ...]:
    """`missing` to `length` of `(b, values, channels)`."""
    gone = np.isnan(X)
    there = X.shape[1] - gone.sum(axis=1)
    empty, count = there == 0, np.maximum(there, 1)
    low = np.where(gone, np.inf, X).min(axis=1).astype(np.float64)
    high = np.where(gone, -np.inf, X).max(axis=1).astype(np.float64)
    mean = np.where(gone, 0, X).sum(axis=1, dtype=np.float64) / count
    centred = np.where(gone, 0, X - mean[:, None])
    spread = np.sqrt((centred**2).sum(axis=1, dtype=np.float64) / count)
    spread[low == high] = 0  # exactly, where a mean is rounded
    steps = np.abs(np.diff(X, axis=1)).astype(np.float64)
    known = np.maximum((~np.isnan(steps)).sum(axis=1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        pace = np.nansum(steps, axis=1) / known / spread
    last = X.shape[1] - np.argmax(~gone[:, ::-1], axis=1)
    length = np.where(empty, 0, last).astype(np.float64)
    for one in (low, high, mean, spread, pace):
        one[empty] = np.nan
    return gone.mean(axis=1), low, high, mean, spread, pace, length
