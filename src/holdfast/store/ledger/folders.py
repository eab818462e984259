"""Which run folders a runs folder holds, and whether their files have changed: a few questions of the disk a run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from holdfast.store.run import COMPARISONS, SUBMISSIONS

FRESH = 0.1  # seconds: a file changed again so soon may bear the same time


def run_folders(runs: Path) -> Iterator[str]:
    """Paths of run folders below `runs`, nested ones too, relative to it, in order; a run folder holds no other."""
    below = [""]
    while below:
        folder = below.pop()
        try:
            entries = sorted(os.scandir(runs / folder), key=lambda one: one.name)
        except OSError:
            continue
        nested = []
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False) or not _named(entry.name):
                continue
            path = f"{folder}/{entry.name}" if folder else entry.name
            if os.path.isfile(os.path.join(entry.path, "recipe.yaml")):
                yield path
            elif not entry.name.endswith(".part"):
                nested.append(path)
        below += reversed(nested)


def _named(name: str) -> bool:
    """Whether a folder may be a run's: neither hidden, nor of a name that is no text."""
    return not name.startswith(".") and name == name.encode("utf-8", "replace").decode()


def stamp(folder: Path) -> str:
    """When a run folder was last changed. Files are put in place whole, which changes the folder's own time.

    Empty where it is so fresh that a later change might not show: it is then read again.
    """
    told, newest, there = [], 0, str(folder)
    for path in (there, f"{there}/{SUBMISSIONS}", f"{there}/{COMPARISONS}"):
        try:
            held = os.stat(path)
        except OSError:
            told.append("0-0")
            continue
        told.append(f"{held.st_mtime_ns}-{held.st_size}")
        newest = max(newest, held.st_mtime_ns)
    if os.path.exists(f"{os.path.dirname(there)}/results.json"):
        told.append("studied")  # it makes ordinary runs an ablation's
    return "" if abs(time.time() - newest / 1e9) < FRESH else " ".join(told)
