"""Photos: named by the rows of a table, or lying in folders, with a class, a value or several attributes each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field

from holdfast.data.attributes import AttributeSpec, Rows
from holdfast.data.base import DataSpec
from holdfast.data.columns import ids_of, match, some, target_of
from holdfast.data.dataset import Dataset, Loaded
from holdfast.data.files import need_column, read_table
from holdfast.data.form import Form
from holdfast.data.joint import joint_target
from holdfast.data.photo_files import PhotoFiles, of_class_folders, of_rows, of_test_folder
from holdfast.data.photos import Photos, named, read_photos
from holdfast.errors import BadInput
from holdfast.recipe.channels import RGB
from holdfast.recipe.registry import component
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_arrays, hash_value

Side = Annotated[int, Field(ge=1, le=1 << 14)]  # pixels


@dataclass(frozen=True)
class _Labelled:
    """The training photos, and the table that says what they show, a row for each photo."""

    path: Path
    frame: pd.DataFrame
    files: PhotoFiles
    row_ids: np.ndarray  # of the table's rows, where a row may be several photos

    def rows(self) -> Rows:
        return Rows(self.path, self.frame.iloc[self.files.rows], self.files.ids, self.files.names)


@component("images")
class Images(DataSpec):
    """Photos as uint8 RGB of one size: files that a table names, or folders as classes.

    Where a row of the table names a folder, each photo in it is a sample, named row-path/file name, and the row is
    their group. With `attributes`, a class is a joint one; the target column holds it, or it is composed.
    Pixels are decoded once, into a memory map: the system keeps it in memory where it fits, else on disk.
    """

    default_prepare: ClassVar[tuple[str, ...]] = ("normalize",)

    train: str = Field(
        description="CSV with a row a photo, or a folder whose sub-folders are the classes",
        examples=["train.csv"],
    )
    test: str | None = Field(None, description="CSV with a row a photo, or a folder of photos")
    images: str | None = Field(
        None, description="folder of the training photos; null: the CSV's paths start at `folder`"
    )
    test_images: str | None = Field(
        None, description="folder of the test photos; null: the CSV's paths start at `folder`"
    )
    path_column: str | None = Field(
        None,
        alias="path",
        description="column with the names of photos, or of folders of them; null: the id's",
    )
    attributes: dict[str, AttributeSpec] = Field(
        {}, description="what a joint class is made of, in the order of their names"
    )
    size: tuple[Side, Side] | None = Field(
        None,
        description="[height, width] that photos are brought to; null: the one that all training photos have",
    )
    skip_damaged: bool = Field(
        False, description="train without photos that cannot be read; in the test set they are grey pictures"
    )

    def load(self, base: Path) -> Loaded:
        notes: list[str] = []
        labelled = self._from_folders(base, notes) or self._from_table(base, notes)
        tested = self.test_files(base, notes)
        spec, side = self._side(labelled, notes)
        photos = read_photos(labelled.files, self.size)
        self._refuse_damaged("images", labelled.files, photos)
        _, height, width, _ = photos.pixels.shape
        train = self._dataset(labelled.files, photos, side)
        if photos.damaged:
            train = _without(train, labelled.files, photos, spec, notes)
        hashes = {**self.file_hashes(base), f"photos of {self.train}": photos.hash}
        test = None
        if tested is not None:
            files, groups = tested
            test_photos = read_photos(files, (height, width))
            self._refuse_damaged("test_images", files, test_photos)
            test = self._dataset(files, test_photos, {"groups": groups})
            hashes[f"photos of {self.test}"] = test_photos.hash
            if test_photos.damaged:
                notes.append(
                    "test photos that cannot be read are predicted from a grey picture: "
                    + named(files, test_photos.damaged)
                )
        return Loaded(train, spec, test, self.path(base, "sample"), notes, hashes)

    def path(self, base: Path, field: str) -> Path | None:
        """The file that a field names, or for train and test a folder."""
        name = getattr(self, field)
        if name is not None and field in ("train", "test") and (base / self.folder / name).is_dir():
            return base / self.folder / name
        return super().path(base, field)

    def file_hashes(self, base: Path) -> dict[str, str]:
        """Hashes of the tables; those of photos are made while they are decoded."""
        folders = [
            field
            for field in ("train", "test")
            if (path := self.path(base, field)) is not None and path.is_dir()
        ]
        return DataSpec.file_hashes(self.model_copy(update=dict.fromkeys(folders)), base)

    # Which photos there are.

    def _from_folders(self, base: Path, notes: list[str]) -> _Labelled | None:
        """Photos in folders of classes; None where train is a table."""
        folder = self.needed(base, "train")
        if not folder.is_dir():
            return None
        for field in ("labels", "images", "group", "order"):
            if getattr(self, field) is not None:
                raise BadInput(
                    f"data.{field}: {folder} is a folder, whose sub-folders are the classes; leave {field} out,"
                    " or name the CSV of the labels in data.train"
                )
        files, classes = of_class_folders(folder, notes)
        return _Labelled(folder, pd.DataFrame({self.target: classes}), files, files.ids)

    def _from_table(self, base: Path, notes: list[str]) -> _Labelled:
        path = self.needed(base, "train")
        frame, ids, names = self._table(path)
        if (labels := self.path(base, "labels")) is not None:
            there = ids
            frame = self._read(labels)
            ids = ids_of(labels, frame, self.id)
            names = names.iloc[match(ids, there, labels, path, "the photo")]
        root = self._root(base, "images")
        files = of_rows(path, names, ids, root, (self._path_field, "images"), notes)
        return _Labelled(labels or path, frame, files, ids)

    def test_files(self, base: Path, notes: list[str]) -> tuple[PhotoFiles, np.ndarray | None] | None:
        """The test photos, and their groups where the table or its folders tell them."""
        path = self.path(base, "test")
        if path is None:
            return None
        if path.is_dir():
            if self.sample is not None and self.id is None:
                raise BadInput(
                    f"data.id: the photos of the folder {path} have no order of their own; name the column of the"
                    f" sample ({self.sample}) that holds the names of their files"
                )
            return of_test_folder(path, notes), None
        frame, ids, names = self._table(path)
        root = self._root(base, "test_images")
        files = of_rows(path, names, ids, root, (self._path_field, "test_images"), notes)
        if self.group in frame.columns and frame[self.group].notna().all():
            return files, frame[self.group].astype(str).to_numpy(dtype=str)[files.rows]
        return files, ids[files.rows] if files.exploded else None

    def new_samples(self, path: Path, form: Form, ids: Path | None, whole: bool) -> Iterator[Dataset]:
        from holdfast.data.new_photos import new_photos

        return new_photos(self, path, form, whole)

    @property
    def _path_field(self) -> str:
        return "id" if self.path_column is None else "path"

    def _table(self, path: Path) -> tuple[pd.DataFrame, np.ndarray, pd.Series]:
        """A table's rows, their ids, and the photo or folder that each names."""
        column = self.path_column or self.id
        if column is None:
            raise BadInput(f"data.path: name the column of {path} that holds the names of the photos")
        frame = self._read(path)
        need_column(path, frame.columns, column, self._path_field)
        return frame, ids_of(path, frame, self.id), frame[column]

    def _read(self, path: Path) -> pd.DataFrame:
        attributes = [spec.column or name for name, spec in self.attributes.items()]
        frame = read_table(path, (self.id, self.group, self.path_column, *attributes))
        if self.id is not None:
            need_column(path, frame.columns, self.id, "id")
        return frame

    def _root(self, base: Path, field: str) -> Path:
        folder = base / self.folder
        name = getattr(self, field)
        if name is None:
            return folder
        if not (folder / name).is_dir():
            there = sorted(path.name for path in folder.iterdir() if path.is_dir())
            raise BadInput(f"data.{field}: {folder / name} is no folder; {nearest(name, there)}")
        return folder / name

    # What they show.

    def _side(self, given: _Labelled, notes: list[str]) -> tuple[TargetSpec, dict[str, Any]]:
        """The target, and each training photo's target, what to teach of it, group and order."""
        path, frame, rows = given.path, given.frame, given.files.rows
        for field in ("group", "order"):
            if (column := getattr(self, field)) is not None:
                need_column(path, frame.columns, column, field)
        kind = "classes" if self.attributes else self.target_kind
        if self.attributes and self.target_kind == "real":
            raise BadInput(
                "data.attributes: they make up classes, but data.target_kind is real; leave one out"
            )
        spec = target = None
        if self.target in frame.columns or not self.attributes:
            need_column(path, frame.columns, self.target, "target")
            spec, target = target_of(path, frame, given.row_ids, self.target, kind)
            target = target[rows]
        side = self.beside(path, frame, given.row_ids)
        side = {name: None if values is None else values[rows] for name, values in side.items()}
        if given.files.exploded and self.group is None:
            side["groups"] = given.row_ids[rows]
            notes.append("photos of one row are one group: never on both sides of a split")
        if self.attributes:
            both = None if spec is None or target is None else (spec, target)
            joint = joint_target(self.attributes, given.rows(), self.target, both)
            if both is None:
                notes.append(
                    f"{path.name} has no column {self.target!r}: the classes are composed of {some(self.attributes)}"
                )
            return joint.spec, {**side, "target": joint.codes, "teach": joint.teach}
        assert spec is not None
        return spec, {**side, "target": target}

    # What they are.

    def _refuse_damaged(self, field: str, files: PhotoFiles, photos: Photos) -> None:
        if photos.damaged and not self.skip_damaged:
            raise BadInput(
                f"data.{field}: {len(photos.damaged)} of {len(files)} photos in {files.root} cannot be read:"
                f" {named(files, photos.damaged)}; mend them, or go on without them with data.skip_damaged: true"
            )

    def _dataset(self, files: PhotoFiles, photos: Photos, side: dict[str, Any]) -> Dataset:
        mark = hash_arrays(files.ids, *(side.get(name) for name in ("target", "teach", "groups", "order")))
        mark = hash_value([mark, photos.pixels.shape])
        return Dataset("images", files.ids, photos.pixels, RGB, **side, fingerprint=mark)


def _without(data: Dataset, files: PhotoFiles, photos: Photos, spec: TargetSpec, notes: list[str]) -> Dataset:
    """The samples whose photos could be read. Raises BadInput where a class has none."""
    kept = data.take(np.setdiff1d(np.arange(len(data)), list(photos.damaged)))
    assert kept.target is not None
    if spec.kind == "classes":
        lost = [name for code, name in enumerate(spec.names) if not (kept.target == code).any()]
        if lost:
            raise BadInput(
                f"data.skip_damaged: no photo of {some(lost)} can be read: {named(files, photos.damaged)}"
            )
    notes.append(f"photos that cannot be read are left out of training: {named(files, photos.damaged)}")
    return replace(kept, fingerprint=hash_value([data.fingerprint, sorted(photos.damaged)]))
