"""A student of one fold: teachers of the same fold label a pool, round after round, and it learns from that too.

No teacher has seen a label of the fold's held-out samples: it is this fold's model of another member, or of the
same one. Samples with pseudo-labels stand in the training part alone; no inner split watches them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.data.unlabelled import Unlabelled
from holdfast.fit.member import Fitted, load_fitted
from holdfast.fit.pseudo import labelled, told
from holdfast.recipe.pseudo import Pseudo
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_array

SAID = "pool.npy"  # what the teachers of the last student say of the pool


@dataclass(frozen=True)
class Student:
    """What it learns from: the pool, its teachers' folders of this fold, and the classes of the labelled part."""

    asked: Pseudo
    pool: Unlabelled
    teachers: Sequence[Path]
    y: np.ndarray
    target: TargetSpec

    def fit(
        self, fit: Callable[[Dataset | None, Path], Fitted], folder: Path, mark: str
    ) -> tuple[Fitted, dict[str, Any]]:
        """The last student, and what there is to tell of its pseudo-labels.

        `fit` trains with further samples, in a folder. A round that ended before the process did is not trained again.
        """
        rounds = []
        said = self._taught() if self.teachers else self._round(fit, None, folder / "round-0", mark)
        for number in range(1, self.asked.rounds + 1):
            rounds.append(told(said, self.asked, self.y, self.target.names))
            more = labelled(self.pool.data, said, self.asked)
            if number < self.asked.rounds:
                said = self._round(fit, more, folder / f"round-{number}", mark)
        write_array(folder / SAID, said)
        return fit(more, folder), {"pool": self.asked.said, "rounds": rounds}

    def _taught(self) -> np.ndarray:
        """The mean of what the teachers say of the pool, `(n, classes)` float32."""
        said = [
            np.load(folder / "test.npy") if self.pool.is_test else load_fitted(folder).predict(self.pool.data)
            for folder in self.teachers
        ]
        return np.asarray(np.mean(said, axis=0, dtype=np.float64), dtype=np.float32)

    def _round(
        self, fit: Callable[[Dataset | None, Path], Fitted], more: Dataset | None, folder: Path, mark: str
    ) -> np.ndarray:
        """What a student of this fold says of the pool, to teach the next one; kept in its folder."""
        file = folder / f"{mark}.npy"
        if not file.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            write_array(file, fit(more, folder).predict(self.pool.data))
        return np.load(file)
