"""The data of an experiment in memory or on disk, and views of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.recipe.target import TargetSpec

CHUNK = 1024  # samples read at once where a whole array need not be in memory
CHUNK_BYTES = 1 << 28  # fewer, where they are large


@dataclass(frozen=True)
class Dataset:
    """Samples: ids, inputs (first axis = sample), and for training samples targets, groups, order.

    `source` holds all inputs, `(n, features)`, `(n, steps, channels)` or `(n, h, w, channels)`, in memory or
    memory-mapped; `rows` says which of them this view shows. Nothing of `source` is copied before `read`.
    `teach`: targets to train on, where they differ from those that are scored.
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
    def dtype(self) -> np.dtype[Any]:
        """What `read` gives: uint8 for pictures, else float32."""
        return np.dtype(np.uint8 if self.source.dtype == np.uint8 else np.float32)

    def take(self, indices: np.ndarray) -> Dataset:
        """A view of the samples at `indices`; inputs stay where they are."""
        rows = indices if self.rows is None else self.rows[indices]
        cut: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[indices]
            for name in ("target", "teach", "groups", "order")
        }
        return replace(self, ids=self.ids[indices], rows=rows, **cut)

    def taught(self) -> Dataset:
        """The samples with the targets to train on."""
        return self if self.teach is None else replace(self, target=self.teach, teach=None)

    def read(self, indices: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Inputs at `indices` of this view, as `dtype`, freshly allocated."""
        if self.rows is None:
            return np.array(self.source[indices], dtype=self.dtype)
        return np.asarray(self.source[self.rows[indices]]).astype(self.dtype, copy=False)

    def chunks(self, size: int | None = None) -> Iterator[np.ndarray]:
        """The inputs in order, `size` samples at a time; null: as many as are handy."""
        size = size or max(1, min(CHUNK, CHUNK_BYTES // max(self.nbytes // max(len(self), 1), 1)))
        for start in range(0, len(self), size):
            yield self.read(slice(start, start + size))

    def __getstate__(self) -> dict[str, Any]:
        """A memory map travels to another process as its path, not as its content."""
        state = dict(self.__dict__)
        base = self.source
        if isinstance(base, np.memmap) and base.filename is not None:
            state["source"] = (Path(base.filename), base.shape)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state["source"], tuple):
            file, shape = state["source"]
            # a file of (n, steps) is shown as (n, steps, 1)
            state["source"] = np.load(file, mmap_mode="r").reshape(shape)
        self.__dict__.update(state)


@dataclass(frozen=True)
class Loaded:
    """What a data spec reads: training samples, test samples, the target, and what was noticed."""

    train: Dataset
    target: TargetSpec
    test: Dataset | None = None
    sample: Path | None = None
    notes: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
