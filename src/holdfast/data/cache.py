"""What takes time to unpack or parse, made once: arrays as `.npy`, read as memory maps, and frames as Feather.

They lie in `$HOLDFAST_CACHE`, else in `~/.cache/holdfast`; everything there can be made again.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.errors import BadInput
from holdfast.store.atomic import write_array, write_json, write_whole
from holdfast.store.hashes import hash_file, hash_value

VERSION = 1  # raise when what is stored for the same file changes
FRAMES_FROM = 1 << 20  # bytes of a table's file, from which parsing it takes longer than reading it back


def cache_folder() -> Path:
    return Path(os.environ.get("HOLDFAST_CACHE") or Path.home() / ".cache" / "holdfast")


def cached_array(path: Path, make: Callable[[], np.ndarray], key: Any = None) -> np.ndarray:
    """The array that `make` gives for a file, memory-mapped; made again only when the file or `key` changes."""
    file = cache_folder() / f"{hash_value([VERSION, hash_file(path), key])}.npy"
    if not file.is_file():
        write_array(file, make())
    return np.load(file, mmap_mode="r")


def cached_frame(path: Path, make: Callable[[], pd.DataFrame], key: Any) -> pd.DataFrame:
    """The frame that `make` gives for a file, kept as Feather; made again only when the file or `key` changes.

    Small files are read as they are, and so are those with columns other than numbers and texts, which would
    not come back the same.
    """
    if path.stat().st_size < FRAMES_FROM:
        return make()
    kept = kept_frame(path, key)
    if kept is not None:
        return kept
    frame = make()
    if all(pd.api.types.is_numeric_dtype(one) or one == "str" for one in frame.dtypes):
        write_whole(_frame_file(path, key), frame.to_feather)
    return frame


def kept_frame(path: Path, key: Any) -> pd.DataFrame | None:
    """What `cached_frame` has kept under this key; None where that is nothing."""
    file = _frame_file(path, key)
    return pd.read_feather(file) if file.is_file() else None


def _frame_file(path: Path, key: Any) -> Path:
    return cache_folder() / f"{hash_value([VERSION, hash_file(path), key])}.feather"


def cached_facts(path: Path, make: Callable[[], Any], key: Any) -> Any:
    """The plain values that `make` finds out of a file; found out again only when the file or `key` changes."""
    file = cache_folder() / f"{hash_value([VERSION, hash_file(path), key])}.json"
    if not file.is_file():
        write_json(file, make())
    return json.loads(file.read_text(encoding="utf-8"))


def filled_array(key: Any, fill: Callable[[Path], dict[str, Any]]) -> tuple[np.ndarray, dict[str, Any]]:
    """The array that `fill` writes into a file, memory-mapped, and the facts that it gives of it.

    For what is too large to be made in memory first. `fill` opens the file with `new_map`.
    """
    file = cache_folder() / f"{hash_value([VERSION, key])}.npy"
    facts = file.with_suffix(".json")
    if not (file.is_file() and facts.is_file()):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            write_json(facts, fill(draft))
            draft.replace(file)  # last: an array without its facts would be made again
        finally:
            draft.unlink(missing_ok=True)
    return np.load(file, mmap_mode="r"), json.loads(facts.read_text(encoding="utf-8"))


def grown_array(
    key: Any, shape: tuple[int, ...], chunk: int, make: Callable[[list[int]], Iterable[np.ndarray]]
) -> np.ndarray:
    """The array `shape` float32 that `make` gives `chunk` rows at a time, memory-mapped.

    For what takes minutes: where a process ends before it is whole, the next one goes on. `make` gets the first rows
    of the chunks that are missing, in order, and yields a chunk for each.
    """
    file = cache_folder() / f"{hash_value([VERSION, key])}.npy"
    if not file.is_file():
        draft, marks = file.with_suffix(".part"), file.with_suffix(".marks")
        if not (draft.is_file() and marks.is_file()):
            file.parent.mkdir(parents=True, exist_ok=True)
            new_map(draft, shape, np.float32)
            write_array(marks, np.zeros(-(-shape[0] // chunk), dtype=np.uint8))
        _grow(draft, marks, chunk, make)
        try:
            draft.replace(file)
        except FileNotFoundError:  # by another process, which made the same
            if not file.is_file():
                raise
        marks.unlink(missing_ok=True)
    return np.load(file, mmap_mode="r")


def _grow(draft: Path, marks: Path, chunk: int, make: Callable[[list[int]], Iterable[np.ndarray]]) -> None:
    """Write the chunks that are not marked, and mark them."""
    array, done = (np.lib.format.open_memmap(path, mode="r+") for path in (draft, marks))
    missing = [int(number) for number in np.flatnonzero(done == 0)]
    for number, rows in zip(missing, make([number * chunk for number in missing]), strict=True):
        array[number * chunk : (number + 1) * chunk] = rows
        done[number] = (
            1  # after its rows: a process that is killed leaves both in the system's hands, in order
        )
    array.flush()


def new_map(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> np.memmap[Any, Any]:
    """A new `.npy` file to write into. Raises BadInput where the disk has no room for it."""
    try:
        array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
        if hasattr(os, "posix_fallocate"):  # else a full disk ends the process while the map is written
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        size = math.prod(shape) * np.dtype(dtype).itemsize / 1e9
        raise BadInput(
            f"{path.parent} has no room for {size:.1f} GB ({error.strerror});"
            " make some, or let HOLDFAST_CACHE name a folder on another disk"
        ) from None
    return array
