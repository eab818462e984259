"""What every kind of data says in a recipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from holdfast.data.columns import groups_of, ids_of, target_of
from holdfast.data.dataset import Dataset, Loaded
from holdfast.data.files import must_exist, need_column, read_table
from holdfast.data.form import Form
from holdfast.errors import BadInput
from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_file


class DataSpec(Component):
    """Files and columns that every kind has. Paths are relative to `folder`, that to the recipe file."""

    kind: ClassVar[str] = "data"
    default_prepare: ClassVar[tuple[str, ...]] = ()

    folder: str = Field(".", description="folder of the files, relative to the recipe")
    train: str = Field(description="file with the training inputs", examples=["train.csv"])
    labels: str | None = Field(
        None, description="file with ids, targets and groups, where they are not in train"
    )
    test: str | None = Field(None, description="file with the test inputs")
    sample: str | None = Field(None, description="the sample submission, whose form `submit` follows")
    id: str | None = Field(None, description="column that names a sample")
    group: str | None = Field(None, description="column whose values must not stand on both sides of a split")
    order: str | None = Field(None, description="column of time or sequence, for folds by blocks")
    target: str = Field("target", description="column to predict")
    target_kind: Literal["classes", "real"] | None = Field(None, description="null: decided from the values")
    drop: tuple[str, ...] = Field((), description="columns that are no features")

    def load(self, base: Path) -> Loaded:
        """Read and check everything; `base` is the recipe's folder. Raises BadInput."""
        raise NotImplementedError

    def new_samples(self, path: Path, form: Form, ids: Path | None, whole: bool) -> Iterator[Dataset]:
        """Samples of a file or folder as training saw its own, some at a time or, with `whole`, all at once.

        The file has the form of the run's test or training file. `ids`: a table that names the rows of an array.
        Raises BadInput.
        """
        raise BadInput(f"data of kind {self.name} cannot be read for a prediction: it has no new_samples")

    def path(self, base: Path, field: str) -> Path | None:
        """The file that a field names, checked to exist and not to be empty."""
        name = getattr(self, field)
        return None if name is None else must_exist(base / self.folder / name, field)

    def needed(self, base: Path, field: str) -> Path:
        path = self.path(base, field)
        assert path is not None
        return path

    def file_hashes(self, base: Path) -> dict[str, str]:
        """A hash of what each file holds, by the file's name as the recipe writes it."""
        named = {getattr(self, field): self.path(base, field) for field in ("train", "labels", "test")}
        return {name: hash_file(path) for name, path in named.items() if path is not None}

    def read_labels(self, path: Path) -> tuple[pd.DataFrame, np.ndarray]:
        """The frame of a labels file (or of train, where it holds the labels), and its ids."""
        frame = read_table(path, (self.id, self.group))
        for field in ("id", "target", "group", "order"):
            if (column := getattr(self, field)) is not None:
                need_column(path, frame.columns, column, field)
        return frame, ids_of(path, frame, self.id)

    def side(self, path: Path, frame: pd.DataFrame, ids: np.ndarray) -> tuple[TargetSpec, dict[str, Any]]:
        """Target spec, and the training samples' targets, groups and order."""
        spec, target = target_of(path, frame, ids, self.target, self.target_kind)
        return spec, {"target": target, **self.beside(path, frame, ids)}

    def beside(self, path: Path, frame: pd.DataFrame, ids: np.ndarray) -> dict[str, np.ndarray | None]:
        """The training samples' groups and order, where the recipe names their columns."""
        groups = groups_of(path, frame, ids, self.group) if self.group else None
        if self.order and (missing := np.flatnonzero(frame[self.order].isna())).size:
            raise BadInput(
                f"{path}: line {missing[0] + 2} (id {ids[missing[0]]}): the order ({self.order}) is missing"
            )
        order = pd.Index(frame[self.order]).factorize(sort=True)[0].astype(np.float64) if self.order else None
        if self.order and pd.api.types.is_numeric_dtype(frame[self.order]):
            order = frame[self.order].to_numpy(dtype=np.float64)
        return {"groups": groups, "order": order}
