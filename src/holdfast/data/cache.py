"""Arrays that take time to unpack or parse, made once, kept as `.npy`, read as memory maps.

They lie in `$HOLDFAST_CACHE`, else in `~/.cache/holdfast`; everything there can be made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.store.atomic import write_array
from holdfast.store.hashes import hash_file, hash_value

VERSION = 1  # raise when what is stored for the same file changes


def cache_folder() -> Path:
    return Path(os.environ.get("HOLDFAST_CACHE") or Path.home() / ".cache" / "holdfast")


def cached_array(path: Path, make: Callable[[], np.ndarray], key: Any = None) -> np.ndarray:
    """The array that `make` gives for a file, memory-mapped; made again only when the file or `key` changes."""
    file = cache_folder() / f"{hash_value([VERSION, hash_file(path), key])}.npy"
    if not file.is_file():
        write_array(file, make())
    return np.load(file, mmap_mode="r")
