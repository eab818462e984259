"""Which photos there are: those that the rows of a table name, or those of a folder."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from holdfast.data.columns import some
from holdfast.errors import BadInput

# Of these a folder's photos end in; a row may name any file.
ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", ".pbm",
    ".jp2", ".avif",
)  # fmt: skip


@dataclass(frozen=True)
class PhotoFiles:
    """Photos in order: their files below `root`, their ids, and for each the row of the table that names it."""

    root: Path
    names: tuple[str, ...]
    ids: np.ndarray
    rows: np.ndarray
    exploded: bool = False  # whether some rows named folders

    def __len__(self) -> int:
        return len(self.names)

    @property
    def paths(self) -> list[Path]:
        return [self.root / name for name in self.names]


def in_folder(folder: Path, notes: list[str]) -> list[str]:
    """Names of the photos in a folder and those below it, sorted; hidden files are none."""
    photos: list[str] = []
    others: list[str] = []
    for where, below, files in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        for file in files:
            if not file.startswith("."):  # as are the twins (._a.jpg) that some archives hold
                name = (Path(where) / file).relative_to(folder).as_posix()
                (photos if file.lower().endswith(ENDINGS) else others).append(name)
    if others:
        notes.append(
            f"files that do not end as photos do are left out of {folder.name}: {some(sorted(others))}"
        )
    return sorted(photos)


def of_test_folder(folder: Path, notes: list[str]) -> PhotoFiles:
    """All photos of a folder; their ids are their names."""
    names = in_folder(folder, notes)
    if not names:
        raise BadInput(f"data.test: {folder} holds no photo; photos end with {', '.join(ENDINGS)}")
    return PhotoFiles(folder, tuple(names), np.array(names), np.arange(len(names)))


def of_class_folders(folder: Path, notes: list[str]) -> tuple[PhotoFiles, pd.Series]:
    """The photos of a folder whose sub-folders are classes, and the class of each."""
    names = in_folder(folder, notes)
    outside = [name for name in names if "/" not in name]
    if outside or not names:
        seen = f"holds photos beside them: {some(outside)}" if outside else "holds no photo in any"
        raise BadInput(
            f"data.train: sub-folders of {folder} are taken as the classes, but it {seen}; move them, or name the"
            " CSV of the labels in data.train and this folder in data.images"
        )
    classes = pd.Series([name.split("/", 1)[0] for name in names])
    folders = {path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")}
    if empty := sorted(folders - set(classes)):
        notes.append(f"folders without photos are no classes: {some(empty)}")
    return PhotoFiles(folder, tuple(names), np.array(names), np.arange(len(names))), classes


def of_rows(
    path: Path, named: pd.Series, ids: np.ndarray, root: Path, fields: tuple[str, str], notes: list[str]
) -> PhotoFiles:
    """The photos that rows of a table name; a row that names a folder stands for each photo in it.

    `named`: the names, with the places of their rows in the file as index. `fields`: the recipe's fields that say
    the column and the root. A name may lack its ending. Raises BadInput for a file that is not there.
    """
    names: list[str] = []
    made: list[str] = []
    rows: list[int] = []
    gone: list[int] = []
    folders = 0
    for row, said in enumerate(named):
        if pd.isna(said):
            raise BadInput(
                f"{path}: line {named.index[row] + 2} (id {ids[row]}): the name of the photo ({named.name}) is missing"
            )
        name = _whole(root, str(said))
        file = root / name
        if file.is_file():
            inside = [""]
        elif file.is_dir():
            folders += 1
            inside = in_folder(file, notes)
            if not inside:
                raise BadInput(
                    f"{path}: line {named.index[row] + 2} (id {ids[row]}): the folder {file} holds no photo"
                )
        else:
            gone.append(row)
            continue
        for photo in inside:
            full = f"{name.rstrip('/')}/{photo}" if photo else name
            names.append(full)
            made.append(full if photo else str(ids[row]))
            rows.append(row)
    if gone:
        raise _gone(path, named, ids, root, fields, gone)
    if folders:
        notes.append(f"{folders} rows of {path.name} name folders: their photos are {len(names)} samples")
    return PhotoFiles(root, tuple(names), _once(path, np.array(made)), np.array(rows), exploded=folders > 0)


def _whole(root: Path, name: str) -> str:
    """A photo's name with its ending, where it lacks that and one photo alone is named so."""
    if (root / name).exists():
        return name
    either_case = sorted({made for ending in ENDINGS for made in (ending, ending.upper())})
    files = [root / f"{name}{ending}" for ending in either_case]
    # by inode: where capitals do not count, one file answers to two names
    found = {file.stat().st_ino: f"{name}{file.suffix}" for file in files if file.is_file()}
    return next(iter(found.values())) if len(found) == 1 else name


def _once(path: Path, ids: np.ndarray) -> np.ndarray:
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        raise BadInput(f"{path}: photos are named twice by its rows: {some(values[counts > 1])}")
    return ids


def _gone(
    path: Path, named: pd.Series, ids: np.ndarray, root: Path, fields: tuple[str, str], gone: list[int]
) -> BadInput:
    row = gone[0]
    file = root / str(named.iloc[row])
    there = sorted(one.name for one in file.parent.iterdir()) if file.parent.is_dir() else []
    near = [name for name in there if Path(name).stem == file.stem]  # another ending
    near = near or difflib.get_close_matches(file.name, there, n=1)
    hint = (
        f"did you mean {near[0]!r}?"
        if near
        else f"is data.{fields[1]} the folder, data.{fields[0]} the column?"
    )
    return BadInput(
        f"data.{fields[0]}: {path}: line {named.index[row] + 2} (id {ids[row]}) names {file}, which does not exist;"
        f" {hint} ({len(gone)} such rows)"
    )
