"""Short content hashes of files, arrays and plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

_known = ContextVar[dict[Path, str] | None]("known", default=None)


@contextmanager
def hashed_once() -> Iterator[None]:
    """Inside, no file changes: each is read once for its hash."""
    before = _known.set({} if _known.get() is None else _known.get())
    try:
        yield
    finally:
        _known.reset(before)


def hash_file(path: Path) -> str:
    """16 hex digits for what a file holds."""
    known = _known.get()
    if known is not None and path in known:
        return known[path]
    with path.open("rb") as file:
        made = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    if known is not None:
        known[path] = made
    return made


def hash_value(value: Any) -> str:
    """16 hex digits for plain values (dicts, lists, texts, numbers)."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hash_arrays(*arrays: np.ndarray | None) -> str:
    """16 hex digits for the types, shapes and contents of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none")
            continue
        if array.dtype == object:
            array = array.astype(str)
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]
