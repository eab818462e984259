"""New photos, some at a time: those of a folder, or those that the rows of a table name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.data.form import Form
from holdfast.data.photo_files import PhotoFiles
from holdfast.data.photos import Photos, decoded, named, read_photos
from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.data.images import Images


def new_photos(spec: Images, path: Path, form: Form, whole: bool) -> Iterator[Dataset]:
    """The photos of a folder or of a table's rows, brought to the size of the training photos. Raises BadInput.

    A row's photo is sought beside the table, and in the folders there that the recipe names. `whole`: all at once,
    read from a memory map in the cache.
    """
    files, groups = _files(spec, path)
    height, width = form.shape[:2]
    rows = len(files) if whole else form.rows
    for start in range(0, len(files), rows):
        some = slice(start, start + rows)
        part = replace(files, names=files.names[some], ids=files.ids[some], rows=files.rows[some])
        photos = read_photos(part, (height, width)) if whole else decoded(part, (height, width))
        _refuse_damaged(spec, part, photos)
        yield form.dataset(part.ids, photos.pixels, None if groups is None else groups[some])


def _files(spec: Images, path: Path) -> tuple[PhotoFiles, np.ndarray | None]:
    alone = {"folder": str(path.absolute().parent), "test": path.name, "sample": None}
    if path.is_dir():
        return _found(spec.model_copy(update=alone))
    places = list(dict.fromkeys([spec.test_images, spec.images, None]))
    there = [place for place in places if place is None or (path.parent / place).is_dir()]
    for place in there:
        try:
            return _found(spec.model_copy(update={**alone, "test_images": place}))
        except BadInput:
            if place is None:
                raise
    raise AssertionError("the folder of the table is always tried")


def _found(spec: Images) -> tuple[PhotoFiles, np.ndarray | None]:
    found = spec.test_files(Path(), [])
    assert found is not None
    return found


def _refuse_damaged(spec: Images, files: PhotoFiles, photos: Photos) -> None:
    if photos.damaged and not spec.skip_damaged:
        raise BadInput(
            f"{len(photos.damaged)} photos in {files.root} cannot be read: {named(files, photos.damaged)};"
            " mend them, or take them out"
        )
