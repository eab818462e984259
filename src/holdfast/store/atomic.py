"""Files written whole: a temporary name, flush, rename. A reader never sees half a file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path` to write and read, put in its place in one step at the end, if nothing is raised."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call `write` on a file beside `path`, then put it in place in one step."""
    with whole(path) as file:
        write(file)


def write_bytes(path: Path, data: bytes) -> None:
    write_whole(path, lambda file: file.write(data))


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=True) + "\n")


def write_array(path: Path, array: np.ndarray) -> None:
    write_whole(path, lambda file: np.save(file, array, allow_pickle=False))


def write_rows(path: Path, shape: tuple[int, ...], parts: Iterable[np.ndarray]) -> None:
    """A file as `write_array` writes it, of float32 rows `(n, …)` that come some at a time."""
    head = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)),
        "fortran_order": False,
        "shape": shape,
    }
    rows = 0
    with whole(path) as file:
        np.lib.format.write_array_header_1_0(file, head)
        for part in parts:
            assert part.shape[1:] == shape[1:]
            file.write(np.ascontiguousarray(part, dtype=np.float32).data)
            rows += len(part)
        assert rows == shape[0], f"{rows} of {shape[0]} rows for {path}"
