"""What lies on the disk and can be made again, or that nothing will ask for any more.

A finished fold keeps its model, its predictions and its facts: they are what a run claims. Only what a fit left on
its way to them goes, and the arrays that data were unpacked into. A folder that something writes into is left alone.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.data.cache import cache_folder
from holdfast.errors import BadInput

DONE, LOCK = "done.json", ".lock"
CACHED = re.compile(r"[0-9a-f]{16}\.(npy|json|feather)")  # other files there may be the user's
CHECKPOINTS = "checkpoints of finished folds"
ROUNDS = "earlier students of finished folds"
DRAFTS = "half-written files"
CACHE = "unpacked data and optical flow"
# What makes each again.
AGAIN = {
    CHECKPOINTS: "nothing needs them: these folds are done",
    ROUNDS: "nothing needs them: these folds are done",
    DRAFTS: "nothing needs them: the process that wrote them is gone",
    CACHE: "the next `holdfast train` or `check` of the data",
}


@dataclass
class Leftovers:
    """Files and folders to remove by what they are, and the folders that were left alone."""

    there: dict[str, list[Path]] = field(default_factory=lambda: {what: [] for what in AGAIN})
    at_work: list[Path] = field(default_factory=list)

    def sizes(self) -> dict[str, int]:
        """Bytes of each; what is empty is left out."""
        return {what: sum(map(size_of, paths)) for what, paths in self.there.items() if paths}

    def remove(self) -> None:
        for path in (path for paths in self.there.values() for path in paths):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def leftovers(runs: list[Path]) -> Leftovers:
    """What can go of these folders of runs, at any depth, and of the cache. Raises BadInput where one is missing."""
    found = Leftovers()
    for root in runs:
        if not root.is_dir():
            raise BadInput(f"{root} is no folder; name run folders, or the folder that they lie in")
        for folder in _idle(root, found):
            _look(folder, found)
    if not found.at_work and cache_folder().is_dir():  # a run at work opens what it unpacked again and again
        found.there[CACHE] = sorted(file for file in cache_folder().iterdir() if CACHED.fullmatch(file.name))
    return found


def _idle(root: Path, found: Leftovers) -> Iterator[Path]:
    """The folder and those below it, without those that something writes into. Links are not followed."""
    for place, inside, _ in os.walk(root):
        folder = Path(place)
        if is_locked(folder):
            found.at_work.append(folder)
            inside.clear()
            continue
        inside.sort()
        yield folder


def _look(folder: Path, found: Leftovers) -> None:
    """What can go of a folder itself; of a finished fold, of the folders inside it too."""
    found.there[DRAFTS] += sorted(folder.glob(".*.part"))
    if not (folder / DONE).is_file():
        return
    rounds = sorted(path for path in folder.glob("round-*") if path.is_dir() and not path.is_symlink())
    found.there[ROUNDS] += rounds
    found.there[CHECKPOINTS] += sorted(folder.glob("checkpoint.pt"))
    found.there[CHECKPOINTS] += sorted(folder.glob("seed-*/checkpoint.pt"))


def is_locked(folder: Path) -> bool:
    """Whether a process holds the folder's lock."""
    lock = folder / LOCK
    if not lock.is_file():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())
