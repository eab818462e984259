"""Simple numbers of each sample, by which a classifier may tell samples apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from holdfast.check.channel_facts import by_channel
from holdfast.data.dataset import Dataset
from holdfast.data.slices import slices_of

QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)
SIDE = 6  # photos and frames are looked at as so many times so many tiles
PIXELS = 48  # rows and columns of a picture that are read


def summaries(data: Dataset, rows: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers of the samples at `rows`, `(m, f)` float32, and their names; NaN where a sample has no value.

    A table's columns as they are; of a window's channels mean, deviation, quantiles, mean step and missing share; of photos
    and frames the means of 6 × 6 tiles, and mean and deviation, of each channel.
    """
    if data.kind == "table":
        return data.read(rows), data.names
    if data.kind == "windows":
        made = [_of_windows(X) for X in by_channel(data, rows)]
        what = ("mean", "deviation", *(f"quantile {q:g}" for q in QUANTILES), "step", "missing")
        return _joined(made), tuple(f"{one} of {name}" for one in what for name in data.names)
    made = [_of_pictures(one) for one in _pictures(data, rows)]
    tiles = [f"tile {y + 1}.{x + 1}" for y in range(SIDE) for x in range(SIDE)]
    return _joined(made), tuple(
        f"{one} of {name}" for one in ("mean", "deviation", *tiles) for name in data.names
    )


def _joined(made: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(made).astype(np.float32)


def _of_windows(X: np.ndarray) -> np.ndarray:
    """`(b, f)` of `(b, steps, channels)`."""
    ordered = np.sort(X, axis=1)  # missing values come last
    count = (~np.isnan(X)).sum(axis=1, keepdims=True)
    at = [np.round(q * np.maximum(count - 1, 0)).astype(np.int64) for q in QUANTILES]
    quantiles = [np.take_along_axis(ordered, one, axis=1)[:, 0] for one in at]
    return np.concatenate(
        [*_moments(X, (1,)), *quantiles, _mean(np.abs(np.diff(X, axis=1)), (1,)), np.isnan(X).mean(axis=1)],
        axis=1,
    )


def _pictures(data: Dataset, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Pixels `(b, channels, y, x)` some samples at a time, as many as are asked for, evenly spread."""
    axes = (1, 2) if data.kind == "images" else (2, 3)
    places = [
        np.unique(np.linspace(0, data.source.shape[a] - 1, min(PIXELS, data.source.shape[a])).astype(int))
        for a in axes
    ]
    for part in slices_of(len(rows), max(1, 4 * int(np.prod(data.shape)))):
        X = data.read(rows[part])
        X = np.moveaxis(X, -1, 1) if data.kind == "images" else X
        yield np.ascontiguousarray(X[:, :, places[0]][:, :, :, places[1]], dtype=np.float32)


def _of_pictures(X: np.ndarray) -> np.ndarray:
    """`(b, f)` of `(b, channels, y, x)`."""
    parts = [tile for band in np.array_split(X, SIDE, axis=2) for tile in np.array_split(band, SIDE, axis=3)]
    return np.concatenate([*_moments(X, (2, 3)), *(_mean(tile, (2, 3)) for tile in parts)], axis=1)


def _moments(X: np.ndarray, axes: tuple[int, ...]) -> list[np.ndarray]:
    mean = _mean(X, axes)
    return [mean, np.sqrt(_mean((X - np.expand_dims(mean, axes)) ** 2, axes))]


def _mean(X: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The mean without missing values; NaN where there are no others."""
    known = ~np.isnan(X)
    total = np.where(known, X, 0).sum(axis=axes)
    count = known.sum(axis=axes)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
