"""Arrays whose rows are made when they are asked for: of any size, looked at some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from holdfast.data.slices import slices

Made = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class ByRows:
    """An array `(n, …)` float32; `make` gives the rows of the numbers `(b,)` that it is asked for.

    Indexed by a slice, by numbers or by a mask it gives an array; `np.asarray` gives the whole.

    >>> squares = ByRows((4, 1), lambda rows: rows[:, None].astype(np.float32) ** 2)
    >>> squares[1:3].tolist(), squares.take(np.array([3, 0]))[:1].tolist()
    ([[1.0], [4.0]], [[9.0]])
    """

    shape: tuple[int, ...]
    make: Made

    dtype = np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self.make(np.arange(len(self))[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def take(self, rows: np.ndarray) -> ByRows:
        """Some of the rows, not yet made."""
        return ByRows((len(rows), *self.shape[1:]), lambda asked: self.make(rows[asked]))


@dataclass(frozen=True, eq=False)
class Layers:
    """Several arrays `(n, …)` of the same rows, seen as one `(layers, n, …)`; what is asked for is put together.

    Indexed by `[layer]`, `[layer, rows]` or `[:, rows]`; `np.asarray` gives the whole.
    """

    each: tuple[Any, ...]

    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.each), *self.each[0].shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return len(self.each)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.each)

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, tuple):
            return self.each[place]
        layer, rows = place
        if isinstance(layer, slice):
            return np.stack([one[rows] for one in self.each[layer]])
        return self.each[layer][rows]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.stack([np.asarray(one, dtype=dtype) for one in self.each])


def some(array: Any, rows: np.ndarray) -> Any:
    """The rows of an array by their numbers; of one whose rows are yet to be made not yet."""
    return array.take(rows) if isinstance(array, ByRows) else array[rows]


def layered(arrays: Sequence[Any]) -> Any:
    """Arrays of the same rows as one `(layers, n, …)`, put together now unless rows are yet to be made."""
    return Layers(tuple(arrays)) if any(isinstance(one, ByRows) for one in arrays) else np.stack(arrays)


def changed(array: Any, function: Callable[[np.ndarray], np.ndarray]) -> Any:
    """What a function that takes each row `(n, …)` for itself makes of an array; of rows to be made as they are."""
    return (
        ByRows(array.shape, lambda rows: function(array[rows]))
        if isinstance(array, ByRows)
        else function(array)
    )


def merged(layers: Any, function: Callable[[np.ndarray], np.ndarray]) -> Any:
    """What a function makes of layers `(layers, n, …)`, `(n, …)`: each row for itself, as with `changed`."""
    if not isinstance(layers, Layers):
        return function(layers)
    return ByRows(layers.shape[1:], lambda rows: function(layers[:, rows]))


def parts_of(array: Any) -> Iterator[np.ndarray]:
    """The rows in order, some at a time."""
    for rows in slices(array):
        yield array[rows]
