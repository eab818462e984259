"""What a report knows of a finished run: its files, and its data where they are still there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.metrics.base import Metric
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import Run
from holdfast.study.compare import metric_of, truth_of
from holdfast.study.run_data import data_of


@dataclass
class Told:
    """A finished run. `samples`: whether samples may be shown; `data`: the folder of the data, where they have moved."""

    run: Run
    samples: bool = True
    data: Path | None = None
    unread: str = field(default="", init=False)  # why the data could not be read

    @cached_property
    def scores(self) -> dict[str, Any]:
        return self.run.scores

    @cached_property
    def target(self) -> TargetSpec:
        return TargetSpec.model_validate(self.scores["target"])

    @property
    def metric(self) -> str:
        return str(self.scores["metric"])

    @property
    def greater(self) -> bool:
        return bool(self.scores["greater_is_better"])

    @cached_property
    def scorer(self) -> Metric | None:
        """The metric itself; None where it is the user's own and its file has gone."""
        try:
            return metric_of(self.run)
        except BadInput:
            return None

    @cached_property
    def oof(self) -> pd.DataFrame:
        """The rows of the first repeat."""
        oof = self.run.oof
        return oof[oof["repeat"] == 0]

    @cached_property
    def truth(self) -> np.ndarray:
        """Class codes or values `(n,)`."""
        return truth_of(self.oof["truth"], self.target)

    @cached_property
    def said(self) -> np.ndarray:
        """The ensemble's out-of-fold predictions in the first repeat, `(n, classes)` or `(n,)`."""
        return self.run.predictions()[: len(self.oof)]

    @cached_property
    def groups(self) -> np.ndarray | None:
        column = self.oof["group"]
        return None if column.isna().all() else column.to_numpy(dtype=str)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The classes' names, each with its description where the data have one, or its attributes."""
        beside: Iterable[str] | None = next(iter(self.target.aliases.values()), None)
        if beside is None and self.target.attributes:
            parts = [[one.values[code] for code in one.of_class] for one in self.target.attributes]
            beside = (" ".join(values) for values in zip(*parts, strict=True))
        if beside is None:
            return self.target.names
        return tuple(f"{name} {more}" for name, more in zip(self.target.names, beside, strict=True))

    @cached_property
    def train(self) -> Dataset | None:
        """The training samples; None where they are not to be shown, or cannot be read, as `unread` then says.

        Raises BadInput where the folder that was named does not hold them.
        """
        if not self.samples and self.target.kind != "grid":
            self.unread = "the report was made with --no-samples"
            return None
        try:
            return data_of(self.run, self.data).train
        except BadInput as error:
            if self.data is not None:
                raise
            self.unread = str(error)
            return None
