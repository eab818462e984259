"""What new samples must look like for a run's members: kept beside the run, so that they are read without its data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from holdfast.data.clock import Grid
from holdfast.data.dataset import CHUNK, CHUNK_BYTES, Dataset, Loaded
from holdfast.errors import BadInput
from holdfast.recipe.target import TargetSpec

# Batches of a network are parts of what is read at once, so that it sees the same ones as while it was trained.
ROUND = (256, 64, 32)


@dataclass(frozen=True)
class Form:
    """Kind and names of the inputs, the `shape` of one sample, the target, and of windows from a table their clock."""

    kind: str
    names: tuple[str, ...]
    shape: tuple[int, ...]
    pictures: bool  # inputs are uint8
    target: TargetSpec
    clock: Grid | None = None

    @property
    def rows(self) -> int:
        """Samples that are read at once."""
        size = int(np.prod(self.shape)) * (1 if self.pictures else 4)
        rows = max(1, min(CHUNK, CHUNK_BYTES // max(size, 1)))
        whole = next((part for part in ROUND if part <= rows), 1)
        return rows - rows % whole

    def dataset(self, ids: np.ndarray, source: np.ndarray, groups: np.ndarray | None = None) -> Dataset:
        return Dataset(self.kind, ids, source, self.names, groups=groups)

    def plain(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "names": list(self.names),
            "shape": list(self.shape),
            "pictures": self.pictures,
            "target": self.target.model_dump(mode="json"),
            "clock": None if self.clock is None else vars(self.clock),
        }

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Form:
        """From what `plain` gave."""
        clock = plain["clock"]
        return cls(
            plain["kind"], tuple(plain["names"]), tuple(plain["shape"]), plain["pictures"],
            TargetSpec.model_validate(plain["target"]), None if clock is None else Grid(**clock),
        )  # fmt: skip


def form_of(loaded: Loaded) -> Form:
    """The form of the samples that a run was trained on."""
    train = loaded.train
    pictures = train.dtype == np.uint8
    return Form(train.kind, train.names, train.shape, bool(pictures), loaded.target, loaded.clock)


def in_batches(parts: Iterable[Dataset], rows: int) -> Iterator[Dataset]:
    """The samples of all parts in order, `rows` at a time."""
    held: list[Dataset] = []
    for part in parts:
        held.append(part)
        while sum(map(len, held)) >= rows:
            whole = _joined(held)
            yield _rows(whole, 0, rows)
            held = [_rows(whole, rows, len(whole))] if len(whole) > rows else []
    if held:
        yield _joined(held)


def _joined(parts: list[Dataset]) -> Dataset:
    if len(parts) == 1:
        return parts[0]
    groups = None if parts[0].groups is None else np.concatenate([one.groups for one in parts])
    ids, source = (np.concatenate([getattr(one, name) for one in parts]) for name in ("ids", "source"))
    return replace(parts[0], ids=ids, source=source, groups=groups)


def _rows(data: Dataset, start: int, stop: int) -> Dataset:
    groups = None if data.groups is None else data.groups[start:stop]
    return replace(data, ids=data.ids[start:stop], source=data.source[start:stop], groups=groups)


class Once:
    """Sees to it that no id stands twice in a file that is read piece by piece; keeps 8 bytes of each."""

    def __init__(self, where: str):
        self.where = where
        self.seen: list[np.ndarray] = []

    def add(self, ids: np.ndarray) -> None:
        import pandas as pd

        self.seen.append(pd.util.hash_array(ids.astype(object)))

    def check(self, what: str) -> None:
        """Raises BadInput that says `what` is wrong of the id number so and so."""
        marks = np.concatenate(self.seen) if self.seen else np.empty(0, dtype=np.uint64)
        order = np.argsort(marks, kind="stable")
        same = np.flatnonzero(np.diff(marks[order]) == 0)
        if len(same):
            first, second = sorted(order[same[0] : same[0] + 2] + 1)
            raise BadInput(f"{self.where}: {what}: numbers {first} and {second} ({len(same)} such)")
