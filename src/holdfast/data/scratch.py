"""Arrays that are needed for a while: in memory where they are small, else on disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np

from holdfast.data.cache import cache_folder
from holdfast.errors import BadInput

SMALL = 1 << 26  # bytes


def scratch(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """An array to be filled; a large one is a file without a name in the cache, whose pages the system may take back."""
    size = prod(shape) * dtype.itemsize
    if size <= SMALL:
        return np.empty(shape, dtype)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            if hasattr(os, "posix_fallocate"):  # else a full disk ends the process while the array is filled
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            raise BadInput(
                f"{folder} has no room for {size / 1e9:.1f} GB that are needed for a while ({error.strerror});"
                " make some, or let HOLDFAST_CACHE name a folder on another disk"
            ) from None
        return np.memmap(file, dtype, "w+", shape=shape)


def put_together(
    chunks: Iterable[np.ndarray],
    n: int,
    room: Callable[[tuple[int, ...], np.dtype[Any]], np.ndarray] = np.empty,
) -> np.ndarray:
    """Chunks of `n` rows in all as one array, never both at once.

    >>> put_together((np.full(2, i) for i in range(2)), 4).tolist()
    [0, 0, 1, 1]
    """
    whole, start = np.empty(0), 0
    for chunk in chunks:
        if start == 0:
            whole = room((n, *chunk.shape[1:]), chunk.dtype)
        whole[start : start + len(chunk)] = chunk
        start += len(chunk)
    return whole
