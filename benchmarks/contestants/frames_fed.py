"""Training through Holdfast on a large file of frames: held in memory, or streamed under a cap on memory.

An epoch sees `samples` of the whole set, others each time. Before each the file's pages leave the system's cache.
"""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from showers import write_codes
from turns import Clock, Turns, settings

said = settings()
turns = Turns()

import psutil  # noqa: E402

from holdfast.data.base import DataSpec  # noqa: E402
from holdfast.engine.threads import limited  # noqa: E402
from holdfast.fit.hooks import Schedule  # noqa: E402
from holdfast.fit.loop import train_network  # noqa: E402
from holdfast.fit.network import begin  # noqa: E402
from holdfast.fit.resolved import resolve  # noqa: E402
from holdfast.recipe.load import load_recipe  # noqa: E402

MIB = 1 << 20
WATCH = 0.02  # seconds between looks at the memory
FILE = "frames.npy"


class Peak(threading.Thread):
    """The most memory of its own that the process ever had; pages of files, which can be given back, left out."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0

    def run(self) -> None:
        while True:
            self.most = max(self.most, own())
            time.sleep(WATCH)


def own() -> int:
    held = psutil.Process().memory_info()
    return int(held.rss - held.shared)


def loaded(folder: Path) -> tuple[Any, Any]:
    """The member, and what `holdfast train` would hold of the file in a folder."""
    fit = {"epochs": 1, "batch_size": said["batch"], "optimizer": "adamw", "precision": said["precision"]}
    member = {"model": {"unet": {"width": said["width"]}}, "loss": "mae", "fit": fit}
    recipe = load_recipe({
        "data": {"kind": "frames", "train": FILE, "unit": "0.01 mm/h"},
        "metric": "mae", "folds": "stratified", "members": {"net": member}, "threads": said["threads"],
    })  # fmt: skip
    assert isinstance(recipe.data, DataSpec)
    held = recipe.data.load(folder)
    return resolve(recipe, "net", held.train, held.target), held


def train(spec: Any, fitted: Any, feed: Any, loss: Any) -> None:
    train_network(fitted.net, feed, loss, spec.fit, [Schedule(spec.fit)], 0)


def warm() -> None:
    """Train on a few samples, so that libraries that are loaded when they are first used are there."""
    with tempfile.TemporaryDirectory() as folder:
        write_codes(Path(folder) / FILE, 4, 32)
        spec, held = loaded(Path(folder))
        train(spec, *begin(spec, held.train, held.target, 0))


def forget() -> None:
    """Let the file's pages leave the system's cache, so that the disk is read and not what others left."""
    file = os.open(Path(said["folder"]) / FILE, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def main() -> None:
    with limited(said["threads"]):
        warm()
        before = own()
        peak = Peak()
        peak.start()
        if said["cap"]:
            taken = psutil.Process().memory_info().data
            resource.setrlimit(resource.RLIMIT_DATA, (taken + said["cap"] * MIB, resource.RLIM_INFINITY))
        spec, held = loaded(Path(said["folder"]))
        fitted, feed, loss = begin(spec, held.train, held.target, 0)
        streams, all_rows, epoch = feed.base is None, feed.rows, 0
        feed.rows = lambda _: all_rows(epoch)[: said["samples"]]  # type: ignore[method-assign]
        for command in turns:
            if command == "train":
                forget()
                with Clock() as clock:
                    train(spec, fitted, feed, loss)
                epoch += 1
                turns.answer(min(said["samples"], len(held.train)) / clock.seconds)
            elif command == "streams":
                turns.answer(int(streams))
            elif command == "own":
                turns.answer((peak.most - before) / MIB)
            else:
                turns.answer(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


main()
