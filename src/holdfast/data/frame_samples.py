"""Which frames make up each sample: rows of a table, or windows cut from long sequences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from holdfast.data.columns import some
from holdfast.data.frame_files import said
from holdfast.data.frame_source import FrameSource, Stored
from holdfast.data.units import Unit
from holdfast.errors import BadInput
from holdfast.recipe.strict import Strict

Side = Annotated[int, Field(ge=1, le=1 << 14)]  # pixels


class Cut(Strict):
    """How long sequences are cut into windows, and pictures into crops; only what fits whole is cut."""

    stride: int = Field(1, ge=1, description="frames from the start of a window to the start of the next")
    crop: tuple[Side, Side] | None = Field(
        None, description="[height, width] of crops in pixels; null: the whole picture"
    )
    crop_stride: tuple[Side, Side] | None = Field(
        None, description="[down, right] pixels from a crop to the next; null: side by side"
    )
    min_rain: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of an input's pixels with 0.1 mm/h or more that a training window needs",
    )


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples in files: `index` as `FrameSource` has it, `length` frames of `size` each, and what is known of them.

    `names`: the file, or row of one, of each. `place`: corner (y, x) of each crop in pixels.
    """

    path: Path
    files: tuple[Stored, ...]
    index: np.ndarray
    length: int
    size: tuple[int, int]
    ids: np.ndarray
    names: np.ndarray
    groups: np.ndarray | None = None
    order: np.ndarray | None = None
    place: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def top(self) -> int | None:
        """The largest code that the files' type holds; None where it holds fractions."""
        dtype = np.result_type(*(one.dtype for one in self.files))
        return None if dtype.kind == "f" else int(np.iinfo(dtype).max)

    def take(self, rows: np.ndarray) -> Samples:
        cut: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[rows]
            for name in ("index", "ids", "names", "groups", "order", "place")
        }
        return replace(self, **cut)

    def source(self, first: int, frames: int, unit: Unit) -> FrameSource:
        """The frames from number `first` on of each sample."""
        return FrameSource(self.files, self.index, first, frames, self.size, unit)

    def where(self, row: int) -> str:
        """What an error calls a sample."""
        return str(self.names[row])


def rows_of(path: Path, file: Stored, ids: np.ndarray, names: np.ndarray) -> Samples:
    """Every row of one array `(n, t, h, w)` as a sample."""
    index = np.zeros((len(ids), 5), dtype=np.int64)
    index[:, 1] = np.arange(len(ids))
    _, length, height, width = file.shape
    return Samples(path, (file,), index, length, (height, width), ids, names)


@dataclass(frozen=True)
class Sequences:
    """Long sequences, each by its name, file and row in the file; `starts`: minutes at their first frames."""

    path: Path
    files: tuple[Stored, ...]
    held: tuple[tuple[str, int, int], ...]
    starts: tuple[float, ...]
    groups: np.ndarray | None = None


def windows_of(
    sequences: Sequences, cut: Cut, length: int, step: float, field: str, notes: list[str]
) -> Samples:
    """Windows of `length` frames, named sequence-start or sequence-start-y-x. Raises BadInput where there is none.

    `step`: minutes between frames. A window's group is its sequence's, or the sequence itself where there are several.
    """
    size = cut.crop or _one_size(sequences, field)
    parts, which, short, small = [], [], [], []
    for number, (name, file, row) in enumerate(sequences.held):
        _, frames, height, width = sequences.files[file].shape
        if height < size[0] or width < size[1]:
            small.append(f"{name} ({height} × {width})")
            continue
        if frames < length:
            short.append(f"{name} ({frames})")
            continue
        starts, y, x = np.meshgrid(
            np.arange(0, frames - length + 1, cut.stride),
            *(
                np.arange(0, side - one + 1, stride)
                for side, one, stride in zip((height, width), size, cut.crop_stride or size)
            ),
            indexing="ij",
        )
        place = [np.full(starts.size, file), np.full(starts.size, row), starts.ravel(), y.ravel(), x.ravel()]
        parts.append(np.stack(place, axis=1))
        which.append(np.full(starts.size, number))
    if small:
        raise BadInput(
            f"data.cut.crop: {list(size)} is larger than the frames of {some(small)} in {sequences.path}"
        )
    if short:
        notes.append(f"sequences of fewer than {length} frames give no window: {some(short)}")
    if not parts:
        raise BadInput(
            f"data.{field}: no sequence of {sequences.path} has {length} frames (inputs and leads): {some(short)}"
        )
    index, of = np.concatenate(parts).astype(np.int64), np.concatenate(which)
    ids = np.array([_id(sequences.held[number][0], row, cut.crop) for number, row in zip(of, index)])
    groups = sequences.groups
    if groups is None and len(sequences.held) > 1:
        groups = np.array([name for name, _, _ in sequences.held])
    return Samples(
        sequences.path, sequences.files, index, length, size, ids, ids,
        groups=None if groups is None else groups[of],
        order=np.array(sequences.starts)[of] + index[:, 2] * step,
        place=index[:, 3:].astype(np.float64),
    )  # fmt: skip


def _id(name: str, row: np.ndarray, crop: tuple[int, int] | None) -> str:
    _, _, start, y, x = row
    return f"{name}-{start}" if crop is None else f"{name}-{start}-{y}-{x}"


def _one_size(sequences: Sequences, field: str) -> tuple[int, int]:
    """The height and width that all sequences have. Raises BadInput where they differ."""
    shapes = [sequences.files[file].shape for _, file, _ in sequences.held]
    other = [row for row, shape in enumerate(shapes) if shape[2:] != shapes[0][2:]]
    if other:
        names = [sequences.held[row][0] for row in (0, other[0])]
        raise BadInput(
            f"data.{field}: sequences of {sequences.path} differ: {names[0]} holds {said(shapes[0][1:])},"
            f" {names[1]} {said(shapes[other[0]][1:])}; cut crops of one size: data.cut: {{crop: [height, width]}}"
        )
    return shapes[0][2:]
