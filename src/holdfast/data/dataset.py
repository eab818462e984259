"""The data of an experiment in memory or on disk, and views of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.clock import Grid
from holdfast.recipe.target import TargetSpec

FLOW_FIELD = ("flow_y", "flow_x")  # channels of a flow's field: pixels a time step
CHUNK = 1024  # samples read at once where a whole array need not be in memory
CHUNK_BYTES = (
    1 << 26
)  # fewer, where they are larger as float32: what is done with them takes several times as much


@dataclass(frozen=True)
class Dataset:
    """Samples: ids, inputs (first axis = sample), and for training samples targets, groups, order.

    `source` holds all inputs, `(n, features)`, `(n, steps, channels)`, `(n, h, w, channels)` or frames `(n, t, h, w)`,
    in memory or memory-mapped; `rows` says which of them this view shows. Nothing of `source` is copied before
    `read`. `teach`: targets to train on, where they differ from those that are scored; `shares`: class shares
    `(n, classes)` to train on in place of `target`, of soft pseudo-labels.

    Where the target is a grid, `grids` holds it, `(n, leads, h, w)`, read as `source` is, and `target` only the
    amount of rain of each sample, by which folds are even. `flow`: what optical flow says of each sample,
    `(n, leads + 2, h, w)`; `place`: the corner (y, x) of each crop in its sequence, in pixels.
    """

    kind: str
    ids: np.ndarray
    source: np.ndarray
    names: tuple[str, ...]
    target: np.ndarray | None = None
    groups: np.ndarray | None = None
    order: np.ndarray | None = None
    rows: np.ndarray | None = None
    fingerprint: str = ""
    span: float = 0.0  # how much of `order` a sample covers: those nearer to one another overlap
    teach: np.ndarray | None = None
    shares: np.ndarray | None = None
    weight: np.ndarray | None = None  # of each sample in training, `(n,)`; none: all weigh the same
    grids: Any = None
    flow: Any = None
    place: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.source.shape[1:])

    @property
    def nbytes(self) -> int:
        """Bytes of the inputs as they are read."""
        return len(self) * int(np.prod(self.shape)) * self.dtype.itemsize

    @property
    def grid_bytes(self) -> int:
        """Bytes of the grids to predict as they are read."""
        return 0 if self.grids is None else len(self) * int(np.prod(self.grids.shape[1:])) * 4

    @property
    def dtype(self) -> np.dtype[Any]:
        """What `read` gives: uint8 for pictures, else float32."""
        return np.dtype(np.uint8 if self.source.dtype == np.uint8 else np.float32)

    def take(self, indices: np.ndarray) -> Dataset:
        """A view of the samples at `indices`; inputs stay where they are."""
        rows = indices if self.rows is None else self.rows[indices]
        cut: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[indices]
            for name in ("target", "teach", "shares", "weight", "groups", "order", "place")
        }
        return replace(self, ids=self.ids[indices], rows=rows, **cut)

    def taught(self) -> Dataset:
        """The samples with the targets to train on."""
        return self if self.teach is None else replace(self, target=self.teach, teach=None)

    def read(self, indices: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Inputs at `indices` of this view, as `dtype`, freshly allocated."""
        return _fresh(self.source, indices if self.rows is None else self.rows[indices], self.dtype)

    def read_grids(self, indices: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The grids to predict at `indices`, `(b, leads, h, w)` float32, NaN where nothing was measured."""
        there = indices if self.rows is None else self.rows[indices]
        return _fresh(self.grids, there, np.dtype(np.float32))

    def with_flow(self) -> Dataset:
        """The samples with optical flow's forecast of each lead time, then its field y and x, as more channels."""
        leads = self.flow.shape[1] - 2
        names = (*self.names, *(f"flow-{lead + 1}" for lead in range(leads)), *FLOW_FIELD)
        made: Any = Beside(self.source, self.flow)  # behaves as an array
        return replace(self, source=made, names=names, flow=None)

    def seen_by(self, model: Any) -> Dataset:
        """The samples as a model takes them: with the channels of optical flow where it uses them."""
        return self.with_flow() if model.uses_flow and self.flow is not None else self

    def chunks(self, size: int | None = None) -> Iterator[np.ndarray]:
        """The inputs in order, `size` samples at a time; null: as many as are handy."""
        size = size or max(1, min(CHUNK, CHUNK_BYTES // (4 * max(int(np.prod(self.shape)), 1))))
        for start in range(0, len(self), size):
            yield self.read(slice(start, start + size))

    def __getstate__(self) -> dict[str, Any]:
        """A memory map travels to another process as its path, not as its content."""
        return {**self.__dict__, **{name: packed(getattr(self, name)) for name in MAPPED}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**state, **{name: unpacked(state[name]) for name in MAPPED}})


def _fresh(array: Any, rows: np.ndarray | slice, dtype: np.dtype[Any]) -> np.ndarray:
    """The rows as a new array: of an array itself a slice is a view, all else is freshly made."""
    view = isinstance(array, np.ndarray) and isinstance(rows, slice)
    return np.asarray(array[rows]).astype(dtype, copy=view)


MAPPED = ("source", "flow")  # that may be memory maps


_whole = ContextVar("whole", default=False)


@contextmanager
def maps_travel_whole() -> Iterator[None]:
    """What is pickled inside goes to a machine that has not the files of memory maps."""
    before = _whole.set(True)
    try:
        yield
    finally:
        _whole.reset(before)


def packed(array: Any) -> Any:
    """A memory map as its file and shape, or with its content where that is asked for; anything else as it is."""
    if isinstance(array, np.memmap) and _whole.get():
        return np.asarray(array)
    if isinstance(array, np.memmap) and array.filename is not None:
        return Path(array.filename), array.shape
    return array


def unpacked(held: Any) -> Any:
    """What `packed` was given."""
    if isinstance(held, tuple):
        file, shape = held
        return np.load(file, mmap_mode="r").reshape(shape)  # a file of (n, steps) is shown as (n, steps, 1)
    return held


@dataclass(frozen=True)
class FlowToCome:
    """Stands for a flow that is not made yet: the shape that it will have, for what only asks for names."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Beside:
    """Two arrays of the same samples, `(n, a, h, w)` and `(n, b, h, w)`, seen as `(n, a + b, h, w)` float32."""

    first: Any
    second: Any

    dtype = np.dtype(np.float32)
    ndim = 4

    @property
    def shape(self) -> tuple[int, ...]:
        one = self.first.shape
        return (one[0], one[1] + self.second.shape[1], *one[2:])

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.concatenate([self.first[rows], self.second[rows]], axis=1, dtype=np.float32)

    def __getstate__(self) -> dict[str, Any]:
        return {name: packed(getattr(self, name)) for name in ("first", "second")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({name: unpacked(held) for name, held in state.items()})


@dataclass(frozen=True)
class Loaded:
    """What a data spec reads: training samples, test samples, the target, and what was noticed."""

    train: Dataset
    target: TargetSpec
    test: Dataset | None = None
    sample: Path | None = None
    notes: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    clock: Grid | None = None  # of windows from a long table
