"""Feature tables: one row a sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from holdfast.data.base import DataSpec
from holdfast.data.columns import ids_of, match, mirrors, some
from holdfast.data.dataset import Dataset, Loaded
from holdfast.data.files import need_column, numbers, read_table
from holdfast.data.form import Form
from holdfast.errors import BadInput
from holdfast.recipe.registry import component
from holdfast.store.hashes import hash_arrays


@component("table")
class Table(DataSpec):
    """One row a sample, one column a feature: CSV(.gz) or Parquet, target in the same file or beside it."""

    default_prepare: ClassVar[tuple[str, ...]] = ("impute", "standardize")

    def load(self, base: Path) -> Loaded:
        train_path = self.needed(base, "train")
        labels_path = self.path(base, "labels")
        notes: list[str] = []
        frame = read_table(train_path, (self.id, self.group))
        for column in (self.id, *self.drop):
            if column is not None:
                need_column(train_path, frame.columns, column, "id" if column == self.id else "drop")
        side_path, side_frame, ids = train_path, frame, None
        if labels_path is not None:
            side_path = labels_path
            side_frame, ids = self.read_labels(labels_path)
            there = match(ids, ids_of(train_path, frame, self.id), labels_path, train_path, "the row")
            frame = frame.iloc[there]  # the index keeps the place in the file, for errors
        else:
            side_frame, ids = self.read_labels(train_path)
        spec, side = self.side(side_path, side_frame, ids)

        test_path = self.path(base, "test")
        test_frame = None if test_path is None else read_table(test_path, (self.id, self.group))
        features = self._features(frame, side["target"], spec.kind, test_frame, notes)
        train = Dataset(
            "table", ids, numbers(train_path, frame, features, pd.Series(ids)), tuple(features), **side,
            fingerprint=hash_arrays(ids, side["target"], side["groups"], side["order"]),
        )  # fmt: skip
        hashes = self.file_hashes(base)
        test = None
        if test_path is not None and test_frame is not None:
            if self.id is not None:
                need_column(test_path, test_frame.columns, self.id, "id")
            test_ids = ids_of(test_path, test_frame, self.id)
            test = Dataset(
                "table",
                test_ids,
                numbers(test_path, test_frame, features, pd.Series(test_ids)),
                tuple(features),
            )
        return Loaded(train, spec, test, self.path(base, "sample"), notes, hashes)

    def new_samples(self, path: Path, form: Form, ids: Path | None, whole: bool) -> Iterator[Dataset]:
        from holdfast.data.new_tables import new_rows

        return new_rows(self, path, form)

    def _features(
        self, frame: pd.DataFrame, target: np.ndarray, kind: str, test: pd.DataFrame | None, notes: list[str]
    ) -> list[str]:
        """The columns to learn from: never the id, group, order, target, or what mirrors the target."""
        apart = {self.id, self.group, self.order, self.target, *self.drop}
        candidates = [str(column) for column in frame.columns if column not in apart]
        mirrored = [column for column in candidates if mirrors(frame[column], target, kind)]
        if mirrored:
            notes.append(f"columns that mirror the target are no features: {some(mirrored)}")
        features = [column for column in candidates if column not in mirrored]
        if test is not None:
            absent = [column for column in features if column not in test.columns]
            if absent:
                notes.append(f"columns that the test file has not are no features: {some(absent)}")
            features = [column for column in features if column in test.columns]
        if not features:
            raise BadInput(f"data: no feature is left in {self.train}; its columns: {some(frame.columns)}")
        return features
