"""Rows some at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

AT_ONCE = 1 << 23  # bytes: what is read stays in the processor's cache for what is done with it next


def slices(array: np.ndarray) -> Iterator[slice]:
    """The rows of an array in order, so many at a time that they take about AT_ONCE bytes.

    >>> [(part.start, part.stop) for part in slices(np.empty((5, 2**20), dtype=np.float32))]
    [(0, 2), (2, 4), (4, 5)]
    """
    yield from slices_of(len(array), array.nbytes // max(len(array), 1))


def slices_of(n: int, row_bytes: int) -> Iterator[slice]:
    """The same of `n` rows of so many bytes."""
    step = max(1, AT_ONCE // max(row_bytes, 1))
    yield from (slice(start, min(start + step, n)) for start in range(0, n, step))
