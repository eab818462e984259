"""Simulated grouped tables whose truth is known: what the calibrations of verdicts and intervals run on.

People differ: each has a level of its own in every column, a response of its own to each class, and class shares of
its own; the classes are skewed. Four columns tell the class. Beside them stand `SETS` further sets of columns, drawn
alike and independently: a recipe shows its learner the four and one of the sets. The sets are exchangeable, so that
the expected score with one of them is that with any other: the true difference is exactly zero. Noise has its own
level and response in each group, too, and misleads a learner as real nuisances do. The last sets are set 1 again, now
shifted by class: what they add is a true effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec
from holdfast.select.base import Selection

EACH = 15  # samples of a group
CLASSES = ("sit", "stand", "walk")
SHARES = (0.5, 0.3, 0.2)  # of the classes, in the mean over groups
TELLING, SETS, WIDTH = 4, 4, 3  # columns that tell, further sets of noise, columns of a set
MEANS = np.random.default_rng(7).normal(scale=0.6, size=(len(CLASSES), TELLING))
GAIN = np.eye(len(CLASSES), WIDTH)  # how a set with an effect tells each class


@component("one_set")
class OneSet(Selection):
    """The columns that tell, and one of the further sets."""

    number: int = Field(0, ge=0, description="which of the sets")

    def choose(
        self,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None,
        target: TargetSpec,
        seed: int,
        threads: int,
    ) -> np.ndarray:
        first = TELLING + WIDTH * self.number
        return np.r_[:TELLING, first : first + WIDTH]


def simulate(
    groups: int, seed: int, effects: Sequence[float] = (), each: int = EACH, name: str = "g"
) -> pd.DataFrame:
    """`groups × each` rows: id, subject, label, columns. `effects`: for each one more set, shifted that far by class."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(groups), each)
    shares = rng.dirichlet(8 * np.array(SHARES), size=groups)
    y = (rng.random(len(who))[:, None] > shares.cumsum(axis=1)[who, :-1]).sum(axis=1)
    y.reshape(groups, each)[:, : len(CLASSES)] = np.arange(len(CLASSES))  # everybody does everything once
    columns = TELLING + SETS * WIDTH
    level = rng.normal(scale=0.6, size=(groups, columns))
    response = rng.normal(scale=0.4, size=(groups, len(CLASSES), columns))
    X = level[who] + response[who, y] + rng.normal(size=(len(who), columns))
    X[:, :TELLING] += MEANS[y]
    first = X[:, TELLING + WIDTH : TELLING + 2 * WIDTH]
    X = np.concatenate([X, *(first + effect * GAIN[y] for effect in effects)], axis=1)
    frame = pd.DataFrame(
        {"id": [f"{name}{i}" for i in range(len(who))], "subject": [f"{name}{g}" for g in who]}
    )
    frame["label"] = np.array(CLASSES)[y]
    return frame.join(pd.DataFrame(X.round(4), columns=[f"x{i}" for i in range(X.shape[1])]))


def write(folder: Path, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    """A competition folder of these rows; the `data` entry of its recipes."""
    folder.mkdir(parents=True, exist_ok=True)
    train.to_csv(folder / "train.csv", index=False)
    test.drop(columns=["subject", "label"]).to_csv(folder / "test.csv", index=False)
    test[["id"]].assign(label=CLASSES[0]).to_csv(folder / "sample.csv", index=False)
    files = {"train": "train.csv", "test": "test.csv", "sample": "sample.csv"}
    columns = {"id": "id", "group": "subject", "target": "label"}
    return {"kind": "table", "folder": str(folder), **files, **columns}
