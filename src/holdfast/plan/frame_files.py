"""The frames of a folder: `.npy` files that a column names, what their heads say, which axis is time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.frame_source import Layout
from holdfast.plan.photos import Photos, find_photos

ENDINGS = (".npy",)
LOOKED_AT = 64  # files whose heads are read, and in which rain is counted
SIDE = 4  # pixels of the smallest frame


@dataclass(frozen=True)
class Axes:
    """How frames lie in an array. `leads`: how many of them are to be predicted; None: that is not told.

    `why`: of the layout and of the leads.
    """

    layout: Layout
    frames: int  # that go in
    leads: int | None
    size: tuple[int, int]
    why: tuple[str, str]

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]


@dataclass(frozen=True)
class FrameParts:
    """Where the frames of a folder's parts lie: each a folder of files or one array, seen from the data folder.

    None: beside the table, or the part is a folder itself. `some`: the files of training samples, or the one array.
    """

    axes: Axes
    frames: str | None
    dtype: np.dtype[Any]
    some: tuple[Path, ...]
    test_frames: str | None = None
    why: dict[str, str] = field(default_factory=dict)

    def read(self, count: int = LOOKED_AT) -> np.ndarray:
        """Some training samples as they are written, `(b, …)`, evenly spread."""
        if len(self.some) == 1:
            array = np.load(self.some[0], mmap_mode="r", allow_pickle=False)
            if array.ndim == 4:
                return np.array(array[:: max(1, -(-len(array) // count))])
        made = [array for path in spread(list(self.some), count) if (array := opened(path)) is not None]
        shapes = Counter(array.shape for array in made)
        return np.stack([array for array in made if array.shape == shapes.most_common(1)[0][0]])


def find_frames(folder: Path) -> Photos:
    """All `.npy` files in a folder and below it."""
    return find_photos(folder, ENDINGS)


def opened(path: Path) -> np.ndarray | None:
    """A memory map of an array of numbers with three axes; None where there is none, which the reader then says."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError):
        return None
    right = isinstance(array, np.ndarray) and array.ndim == 3 and array.dtype.kind in "fiu"
    return array if right else None


def spread(files: list[Path], count: int = LOOKED_AT) -> list[Path]:
    """So many of the files, evenly spread.

    >>> [path.name for path in spread([Path(name) for name in "abcdef"], 2)]
    ['a', 'd']
    """
    return files[:: max(1, -(-len(files) // count))]


def heads(files: list[Path]) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
    """Shape and type of most of these files, by some of their heads; None where they hold no frames."""
    found: Counter[tuple[tuple[int, ...], np.dtype[Any]]] = Counter()
    for path in spread(files):
        if (array := opened(path)) is not None:
            found[array.shape, array.dtype] += 1
    return found.most_common(1)[0][0] if found else None


def has_frames(frames: Photos) -> bool:
    """Whether some folder below the data folder holds arrays of pictures in time."""
    return any(
        place and heads([frames.folder / place / name for name in names])
        for place, names in frames.by_folder.items()
    )


def pixels_of(frames: Photos, arrays: list[tuple[int, ...]]) -> set[int]:
    """How many pixels a frame may have, by every reading of the arrays in folders and of those of four axes.

    >>> sorted(pixels_of(Photos(Path()), [(90, 4, 20, 30), (90, 128)]))
    [80, 600]
    """
    there = [[frames.folder / place / name for name in names] for place, names in frames.by_folder.items()]
    shapes = [head[0] for paths in there if (head := heads(paths)) is not None]
    shapes += [(shape[1], shape[2], shape[3]) for shape in arrays if len(shape) == 4]
    sizes = {size for a, b, c in shapes for size in ((a, b), (b, c))}
    return {height * width for height, width in sizes if min(height, width) >= SIDE}


def wide_as(columns: int, pixels: set[int]) -> int:
    """How many of a table's columns are pixels: all, or all but one, where that makes whole frames; else 0.

    >>> wide_as(14_401, {14_400, 600}), wide_as(1_200, {600}), wide_as(5, {600})
    (14400, 1200, 0)
    """
    beside = [columns - 1, columns]
    return next((found for found in beside if found and any(found % size == 0 for size in pixels)), 0)


def axes_of(train: tuple[int, ...], test: tuple[int, ...] | None) -> Axes | None:
    """Which axis is time: the one that training and test samples differ in, else the one that is no side.

    None where the shapes cannot be frames of one size.

    >>> found = axes_of((120, 120, 5), (120, 120, 4))
    >>> found.layout, found.frames, found.leads, found.size
    ('hwt', 4, 1, (120, 120))
    >>> axes_of((6, 64, 48), None).layout, axes_of((64, 48, 64), None), axes_of((64, 64, 5), (64, 60, 4))
    ('thw', None, None)
    """
    differ = [] if test is None else [axis for axis in range(3) if train[axis] != test[axis]]
    if test is not None and differ:
        if len(differ) > 1 or differ[0] == 1 or test[differ[0]] > train[differ[0]]:
            return None
        axis = differ[0]
        which = "last" if axis == 2 else "first"
        why = f"the {which} axis is {train[axis]} long in training samples, {test[axis]} in test samples"
        return _axes(train, axis, train[axis] - test[axis], (why, "frames that test samples lack"))
    shorter = _axis_of_time(train)
    if shorter is None:
        return None
    sides = f"of the shape {train} this axis is no side of a picture"
    if test is not None:
        return _axes(train, shorter, None, (sides, ""))
    return _axes(train, shorter, 1, (sides, "no test samples tell how many; more of the last ones can be"))


def _axis_of_time(shape: tuple[int, ...]) -> int | None:
    """The first or the last axis: the one that the others do not repeat, or the shorter one."""
    first, middle, last = shape
    if first == last:
        return None
    if middle in (first, last):
        return 0 if middle == last else 2
    return 0 if first < last else 2


def _axes(shape: tuple[int, ...], axis: int, leads: int | None, why: tuple[str, str]) -> Axes | None:
    height, width = (side for place, side in enumerate(shape) if place != axis)
    frames = shape[axis] - (leads or 0)
    if frames < 1 or min(height, width) < SIDE:
        return None
    return Axes("hwt" if axis == 2 else "thw", frames, leads, (height, width), why)
