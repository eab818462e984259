"""A digest of each sample's inputs, by which exact copies are found."""

from __future__ import annotations

import hashlib

import numpy as np

from holdfast.check.base import Seen
from holdfast.data.dataset import Dataset


def digests(data: Dataset) -> np.ndarray:
    """64 bits of BLAKE2b over the bytes of each sample `(n,)`; frames with the grids to predict left out."""
    made = [
        int.from_bytes(hashlib.blake2b(np.ascontiguousarray(one).data, digest_size=8).digest(), "little")
        for chunk in data.chunks()
        for one in chunk
    ]
    return np.array(made, dtype=np.uint64)


def train_digests(seen: Seen) -> np.ndarray:
    return seen.once("digests", lambda: digests(seen.train))


def blank(data: Dataset) -> np.ndarray:
    """Samples in which nothing varies (a dry sequence, a sensor at rest, a plain picture): alike without being copies."""
    made = []
    for chunk in data.chunks():
        if data.kind == "windows":
            first = chunk[:, :1]
        elif data.kind == "images":
            first = chunk[:, :1, :1]
        else:
            first = chunk.reshape(len(chunk), -1)[:, :1].reshape(len(chunk), *[1] * (chunk.ndim - 1))
        same = (chunk == first) | np.isnan(chunk)
        made.append(same.reshape(len(chunk), -1).all(axis=1))
    return np.concatenate(made)


def equal_pairs(codes: np.ndarray, most: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Rows with equal codes, as pairs (first, second); each row with up to `most` of those after it.

    >>> [rows.tolist() for rows in equal_pairs(np.array([5, 3, 5]))]
    [[0], [2]]
    """
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    first, second = [], []
    for lag in range(1, most + 1):
        same = np.flatnonzero(ordered[lag:] == ordered[:-lag])
        if len(same) == 0:
            break
        first.append(order[same])
        second.append(order[same + lag])
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *first]), np.concatenate([none, *second])
