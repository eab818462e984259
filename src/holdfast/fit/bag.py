"""Models of one member that differ by their seeds alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.keys import seed_of
from holdfast.store.atomic import write_text

if TYPE_CHECKING:
    from holdfast.fit.member import Fitted

MARK = "seed.mark"  # of a seed that is done, with the job's hash


class Bag:
    """Fitted models of several seeds; it says the mean of what they say."""

    def __init__(self, fitted: Sequence[Fitted]):
        self.fitted = list(fitted)

    def predict(self, data: Dataset) -> np.ndarray:
        said = self.fitted[0].predict(data).astype(np.float64)
        for one in self.fitted[1:]:
            said += one.predict(data)
        return np.asarray(said / len(self.fitted), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Each in a folder of its own, `seed-0`, `seed-1`, …"""
        for number, one in enumerate(self.fitted):
            inside = seed_folder(folder, number)
            inside.mkdir(exist_ok=True)
            one.save(inside)

    @property
    def facts(self) -> dict[str, Any]:
        """Those of the first, and of all by their seeds."""
        return {**self.fitted[0].facts, "seeds": [one.facts for one in self.fitted]}


def seed_folder(folder: Path, number: int) -> Path:
    return folder / f"seed-{number}"


def fit_bag(
    seeds: int, seed: int, folder: Path | None, mark: str,
    fit: Callable[[int, Path | None], Fitted], load: Callable[[Path], Fitted],
) -> Bag:  # fmt: skip
    """`fit` with each seed; what an equal job, by its `mark`, has finished in `folder` is loaded."""
    made = []
    for number in range(seeds):
        own = seed_of(seed, "bag", number)
        if folder is None:
            made.append(fit(own, None))
            continue
        inside = seed_folder(folder, number)
        done = inside / MARK
        if not (done.is_file() and done.read_text(encoding="utf-8") == mark):
            inside.mkdir(exist_ok=True)
            fit(own, inside).save(inside)
            write_text(done, mark)
        made.append(load(inside))
    return Bag(made)
