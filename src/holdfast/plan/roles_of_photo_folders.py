"""Readings of a folder with photos that no table names: their folders are the classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from holdfast.errors import BadInput
from holdfast.plan.look import Files, TableFile
from holdfast.plan.photos import Home, PhotoParts, Photos
from holdfast.plan.roles import ROLE_WORDS, Roles, common
from holdfast.plan.roles_of_tables import with_sample

CLASS = "class"  # what the target is called where folders are the classes, and no sample names it
PART = re.compile(
    r"^(train(ing)?|test(ing)?|val(id(ation)?)?|eval(uation)?)([_-]?(images?|photos?))?$", re.IGNORECASE
)


def of_folders(files: Files) -> Iterator[Roles]:
    """Every reading of folders of photos, with and without a test part and a sample."""
    photos = files.photos
    for folder in photos.class_folders():
        score = rate_folder(folder, "train") - 0.25 * (folder.count("/") + bool(folder))
        score -= 2.0 * any(PART.match(name) for name in photos.classes(folder))
        yield _training(photos, folder, None, "id", score)
        names = photos.below(folder)
        for test in _beside(photos, folder):
            ids = pd.Index(photos.below(test))
            flat = not any("/" in name for name in ids)
            better = 2.0 if flat else -0.25  # classes known there too: a test part by its name only
            better += 0.5 * (len(names) >= len(ids)) + rate_folder(test, "test")
            for sample, column in [(None, "id"), *_samples(files.tables, ids)]:
                found = _training(photos, folder, sample, column, score + better)
                assert found.photos is not None
                found.test = TableFile(photos.folder / test, pd.DataFrame({column: ids}), test)
                found.photos = replace(found.photos, test_images=Home(test, "file", 1.0))
                yield from [found] if sample is None else _sampled(found, sample)


def _training(photos: Photos, folder: str, sample: TableFile | None, column: str, score: float) -> Roles:
    """The photos of a folder with their sub-folders as classes; `column`: of the ids in the sample."""
    names = photos.below(folder)
    classes = [name.split("/")[0] for name in names]
    frame = pd.DataFrame({column: names, _target_of(sample, column): classes})
    train = TableFile(photos.folder / folder, frame, folder or ".")
    parts = PhotoParts(photos, None, Home(folder, "file", 1.0))
    id_column = None if sample is None else column
    return Roles("images", train, train, id=id_column, photos=parts, score=score)


def _sampled(found: Roles, sample: TableFile) -> Iterator[Roles]:
    return (reading for reading in with_sample(found, [sample]) if reading.sample is not None)


def _beside(photos: Photos, folder: str) -> list[str]:
    """Folders with photos that lie beside a folder, or beside one above it."""
    above = {""} if folder else set()
    place = folder
    while place := place.rpartition("/")[0]:
        above.add(place)
    found = []
    for parent in above:
        for name in photos.classes(parent):
            place = f"{parent}/{name}".strip("/")
            if place != folder and not folder.startswith(f"{place}/"):
                found.append(place)
    return sorted(found)


def _samples(tables: list[TableFile], ids: pd.Index | None) -> list[tuple[TableFile, str]]:
    """Tables with a column that holds exactly the names of these photos."""
    if ids is None:
        return []
    return [
        (table, column)
        for table in tables
        for column in table.columns
        if len(table) == len(ids) and common(table.distinct(column), ids) == 1.0
    ]


def _target_of(sample: TableFile | None, id_column: str) -> str:
    others = [] if sample is None else sample.others(id_column)
    return others[0] if len(others) == 1 else CLASS


def rate_folder(folder: str, role: str) -> float:
    """Half a point for the usual name of a part, less for the other part's."""
    opposite = "train" if role == "test" else "test"
    return 0.5 * bool(ROLE_WORDS[role].search(folder)) - 0.5 * bool(ROLE_WORDS[opposite].search(folder))


def explain_folders(found: Roles, parts: PhotoParts) -> None:
    """Says why each folder plays its part."""
    folder = parts.images.folder or "."
    classes = parts.photos.classes(parts.images.folder)
    found.why["kind"] = f"no table names photos, and {folder} has {len(classes)} folders of them"
    found.why["train"] = "its folders are the classes"
    if parts.test_images is not None:
        found.why["test"] = "photos beside it"
    found.why["id"] = "the names of the photos in the sample" if found.id else "the files' names"


def refuse_part_as_class(found: Roles) -> None:
    """Raises BadInput where a folder of test photos would be read as a class."""
    parts = found.photos
    if parts is None or parts.path is not None:
        return
    strange = [name for name in parts.photos.classes(parts.images.folder) if PART.match(name)]
    if strange:
        where = parts.photos.folder / parts.images.folder
        raise BadInput(
            f"{where}: its folders of photos look like classes, but {strange[0]} like another part;"
            f" put the classes into one folder, as {where / 'train'}, and leave {strange[0]} beside it"
        )
