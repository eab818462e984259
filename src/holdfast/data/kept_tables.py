"""Tables made from samples, kept as files beside what else can be made again; the oldest go where they grow many.

They lie in `tables/` in the cache's folder: an array, and its checksum, written last. A table that is damaged counts
as not there.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.cache import cache_folder
from holdfast.store.atomic import write_array, write_text
from holdfast.store.hashes import hash_value

VERSION = 1  # raise when tables are stored otherwise
MOST_BYTES = 4 << 30  # of all tables together


def kept_table(key: Any, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array that `make` gives for `key`, memory-mapped; made again only where it is not there whole."""
    file = cache_folder() / "tables" / f"{hash_value([VERSION, key])}.npy"
    found = _whole(file)
    if found is None:
        made = make()
        write_array(file, made)
        write_text(_sum_of(file), _checksum(made))
        trim(file.parent)
        found = _whole(file)
        return made if found is None else found  # another process may have trimmed it already
    _sum_of(file).touch()  # used now: it goes last
    return found


def trim(folder: Path, most: int | None = None) -> None:
    """Take away those longest unused, until all together are no larger than `most` bytes; the newest one stays."""
    ages = []
    for file in folder.glob("*.npy"):
        try:
            ages.append((_sum_of(file).stat().st_mtime_ns, file.stat().st_size, file))
        except FileNotFoundError:  # another process is writing it, or has taken it away
            continue
    ages.sort()
    total = sum(size for _, size, _ in ages)
    for _, size, file in ages[:-1]:
        if total <= (MOST_BYTES if most is None else most):
            return
        _sum_of(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)  # where it is mapped, its content stays until that ends
        total -= size


def _whole(file: Path) -> np.ndarray | None:
    try:
        said, found = _sum_of(file).read_text(encoding="utf-8").strip(), np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return found if said == _checksum(found) else None


def _sum_of(file: Path) -> Path:
    return file.with_suffix(".crc")


def _checksum(array: np.ndarray) -> str:
    return f"{array.dtype.str} {array.shape} {zlib.crc32(np.ascontiguousarray(array).data):08x}"
