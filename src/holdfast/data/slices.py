"""Rows some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

AT_ONCE = 1 << 23  # bytes: what is read stays in the processor's cache for what is done with it next
PIECE = 1 << 26  # bytes of predictions that are made at once
BATCHES = 64  # samples: pieces end where batches of a power of two up to this end, so that none is torn


def slices(array: Any) -> Iterator[slice]:
    """The rows of an array in order, so many at a time that they take about AT_ONCE bytes.

    >>> [(part.start, part.stop) for part in slices(np.empty((5, 2**20), dtype=np.float32))]
    [(0, 2), (2, 4), (4, 5)]
    """
    yield from slices_of(len(array), array.nbytes // max(len(array), 1))


def slices_of(n: int, row_bytes: int) -> Iterator[slice]:
    """The same of `n` rows of so many bytes."""
    step = max(1, AT_ONCE // max(row_bytes, 1))
    yield from (slice(start, min(start + step, n)) for start in range(0, n, step))


def pieces(n: int, row_bytes: int) -> Iterator[np.ndarray]:
    """The numbers of `n` rows of so many bytes, about PIECE bytes at a time, in whole batches.

    >>> [(int(rows[0]), int(rows[-1])) for rows in pieces(200, PIECE // 100)]
    [(0, 63), (64, 127), (128, 191), (192, 199)]
    """
    step = max(1, PIECE // max(row_bytes, 1) // BATCHES) * BATCHES
    yield from (np.arange(start, min(start + step, n)) for start in range(0, n, step))
