"""Frames on disk as one array of samples in mm/h: only what is asked for is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from holdfast.data.units import Unit
from holdfast.errors import BadInput

Layout = Literal["thw", "hwt"]
Stamp = tuple[str, int, int, int]

BLOCK = (
    1 << 21
)  # bytes of codes that are converted at once, or one sample: the only memory beside what is returned
OPEN = 256  # files held open at once, of the 1,024 that a process may
SMALL = 8  # a side of so few pixels is rather the axis of time


def stamp_of(path: Path) -> Stamp:
    """What tells a file from what it was before, without reading it (see `read_photos` on the choice)."""
    stat = path.stat()
    return str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@dataclass(frozen=True)
class Stored:
    """An `.npy` file of sequences, seen as `(n, t, h, w)`; a file of three axes is one sequence."""

    path: Path
    shape: tuple[int, int, int, int]
    dtype: str
    layout: Layout
    stamp: Stamp

    def open(self) -> np.ndarray:
        """The memory map, its axes as (n, t, h, w)."""
        return _opened(self)


@lru_cache(maxsize=OPEN)
def _opened(stored: Stored) -> np.ndarray:
    mapped = np.load(stored.path, mmap_mode="r", allow_pickle=False)
    return in_order(np.asarray(mapped), stored.layout)  # slices of a plain array are quicker than of a memmap


def in_order(array: np.ndarray, layout: Layout) -> np.ndarray:
    """A view `(n, t, h, w)` of what a file holds."""
    array = array[None] if array.ndim == 3 else array
    return np.moveaxis(array, -1, 1) if layout == "hwt" else array


def shape_in_order(shape: tuple[int, ...], layout: Layout) -> tuple[int, int, int, int]:
    """(n, t, h, w) of an array of three or four axes.

    >>> shape_in_order((120, 100, 5), "hwt")
    (1, 5, 120, 100)
    """
    n, *rest = shape if len(shape) == 4 else (1, *shape)
    t, h, w = (rest[2], *rest[:2]) if layout == "hwt" else rest
    return int(n), int(t), int(h), int(w)


def fault_of(
    shape: tuple[int, ...], dtype: np.dtype[Any], axes: tuple[int, ...], layout: Layout
) -> str | None:
    """Why an array cannot be frames, in a few words; None where it can. `axes`: how many it may have."""
    if dtype.kind not in "uif":
        return f"expected numbers, found {dtype}"
    if len(shape) not in axes:
        names = {3: f"({', '.join(layout)})", 4: f"(n, {', '.join(layout)})"}
        return f"expected {' or '.join(names[one] for one in axes)}, found the shape {shape}"
    if 0 in shape:
        return f"it is empty, of shape {shape}"
    _, t, h, w = shape_in_order(shape, layout)
    if min(h, w) < SMALL < t:
        other = "hwt" if layout == "thw" else "thw"
        return f"the shape {shape} would be {t} frames of {h} × {w} pixels by layout {layout}; is it layout: {other}?"
    return None


def stored(path: Path, field: str, axes: tuple[int, ...], layout: Layout) -> Stored:
    """An `.npy` file, its head read. Raises BadInput that names the recipe's field."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadInput(f"data.{field}: {path} cannot be read as an array: {error}") from None
    if not isinstance(array, np.memmap):
        raise BadInput(f"data.{field}: {path} holds {type(array).__name__}; expected one array, an .npy file")
    if (fault := fault_of(array.shape, array.dtype, axes, layout)) is not None:
        raise BadInput(f"data.{field}: {path}: {fault}")
    return Stored(path, shape_in_order(array.shape, layout), array.dtype.str, layout, stamp_of(path))


@dataclass(frozen=True, eq=False)
class FrameSource:
    """Frames `(n, frames, h, w)` in mm/h, float32, NaN where nothing was measured, read from memory maps.

    `index`: for each sample `(n, 5)` the file, the sequence in it, its first frame, and the corner y, x of its crop;
    of that the frames from number `first` on are shown. Travels to another process as the paths of its files.

    What is read stays in the system's page cache as long as there is room, and can be taken from it at any time.
    """

    files: tuple[Stored, ...]
    index: np.ndarray
    first: int
    frames: int
    size: tuple[int, int]
    unit: Unit

    dtype = np.dtype(np.float32)
    ndim = 4

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.index), self.frames, *self.size)

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape)) * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Samples at `rows` (a number, a slice, numbers or a mask), freshly allocated."""
        if isinstance(rows, tuple):
            raise IndexError("frames are read by sample: index the array that comes back")
        places = self.index[rows]
        return self._read(places[None])[0] if places.ndim == 1 else self._read(places)

    def take(self, rows: np.ndarray) -> FrameSource:
        """Some of the samples."""
        return replace(self, index=self.index[rows])

    def part(self, first: int, frames: int) -> FrameSource:
        """Other frames of the same samples, counted from the first one of this."""
        return replace(self, first=self.first + first, frames=frames)

    def _read(self, places: np.ndarray) -> np.ndarray:
        height, width = self.size
        out = np.empty((len(places), self.frames, height, width), dtype=np.float32)
        dtype = np.result_type(*(one.dtype for one in self.files))
        step = max(BLOCK // (self.frames * height * width * dtype.itemsize), 1)
        codes = np.empty((min(step, len(places)), *out.shape[1:]), dtype=dtype)
        for start in range(0, len(places), step):
            block = places[start : start + step]
            for row, (file, sequence, begin, y, x) in enumerate(block):
                begin += self.first
                held = self.files[file].open()
                codes[row] = held[sequence, begin : begin + self.frames, y : y + height, x : x + width]
            self.unit.rain(codes[: len(block)], out=out[start : start + len(block)])
        return out
