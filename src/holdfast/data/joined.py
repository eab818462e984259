"""A training part with further samples behind it, neither of them copied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset

# Begins the group of a sample that is never held out inside a training part, such as one with a pseudo-label.
# A control character, with which no group of a file begins.
UNWATCHED = "\x1f"


@dataclass(frozen=True)
class Stacked:
    """Two arrays of samples of one shape, read as one array, the second behind the first."""

    first: Any
    second: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), *self.first.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.promote_types(self.first.dtype, self.second.dtype)

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        behind = rows >= len(self.first)
        out[~behind] = self.first[rows[~behind]]
        out[behind] = self.second[rows[behind] - len(self.first)]
        return out


def joined(train: Dataset, more: Dataset) -> Dataset:
    """A training part and more samples with targets, which inner splits never watch; both keep their `shares`."""
    source: Any = Stacked(train.source, more.source)  # behaves as an array
    rows = [_rows(train), _rows(more) + len(train.source)]
    groups = np.arange(len(train)).astype(str) if train.groups is None else train.groups.astype(str)
    apart = more.ids if more.groups is None else more.groups
    assert train.target is not None
    assert more.target is not None
    return replace(
        train,
        ids=np.concatenate([train.ids, more.ids]),
        source=source,
        rows=np.concatenate(rows),
        target=np.concatenate([train.target, more.target]),
        groups=np.concatenate([groups, np.char.add(UNWATCHED, apart.astype(str))]),
        order=None,
        fingerprint="",
        shares=None if more.shares is None else np.concatenate([_shares(train, more), more.shares]),
        weight=None if train.weight is None else np.r_[train.weight, np.ones(len(more), dtype=np.float32)],
    )


def unwatched(groups: np.ndarray) -> np.ndarray:
    """Which samples must stay on the learning side of every inner split, by their groups `(n,)`.

    >>> unwatched(np.array(["anna", "\\x1ft17"])).tolist()
    [False, True]
    """
    return np.char.startswith(groups.astype(str), UNWATCHED)


def _rows(data: Dataset) -> np.ndarray:
    return np.arange(len(data)) if data.rows is None else data.rows


def _shares(train: Dataset, more: Dataset) -> np.ndarray:
    """Labels as class shares."""
    assert more.shares is not None
    return np.eye(more.shares.shape[1], dtype=np.float32)[train.target]
