"""The photos below a folder, where the values of a column find them, and what their headers say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from holdfast.data.photo_files import ENDINGS

FEW = 20  # values of a column whose photos are looked for everywhere; then all are, where those lie
NAMED = 0.9  # share of a column's values that name photos; the reader names the rest
LOOKED_AT = 200  # photos whose headers are read
ORIENTATION, TURNED = (
    0x0112,
    5,
)  # the EXIF tag, and from which of its values on width and height change places

Form = Literal["file", "stem", "folder"]  # a value names a photo, one without its ending, a folder of photos


@dataclass(frozen=True)
class Home:
    """A folder (below the data folder, "" for itself) in which a column's values name photos."""

    folder: str
    form: Form
    share: float  # of the values

    @property
    def said(self) -> str:
        """What the values name, in words."""
        what = {"file": "photos", "stem": "photos without their ending", "folder": "folders of photos"}[
            self.form
        ]
        return f"{what} in {self.folder}/" if self.folder else what


@dataclass(frozen=True)
class Photos:
    """Photos by the folder that they lie in, both below `folder`, as posix paths."""

    folder: Path
    by_folder: dict[str, list[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_folder)

    def __len__(self) -> int:
        return sum(len(names) for names in self.by_folder.values())

    def below(self, folder: str) -> list[str]:
        """The photos of a folder and those below it, their paths seen from it."""
        return [
            _join(_inside(folder, place), name)
            for place, names in self.by_folder.items()
            if _is_below(folder, place)
            for name in names
        ]

    def homes(self, values: pd.Index) -> list[Home]:
        """The folders in which most of these texts name photos; the exact form only, the surest first.

        >>> photos = Photos(Path(), {"train": ["1.jpg", "2.jpg"], "test": ["3.jpg"]})
        >>> [(home.folder, home.form) for home in photos.homes(pd.Index(["1", "2"]))]
        [('train', 'stem')]
        """
        some = [str(value) for value in values[:FEW]]
        for form, places in self._places.items():
            homes = []
            for folder in dict.fromkeys(folder for value in some for folder in _homes_of(value, places)):
                share = float(
                    np.mean([_join(folder, str(value).rstrip("/")) in self._sets[form] for value in values])
                )
                if share >= NAMED:
                    homes.append(Home(folder, form, share))
            if homes:
                return sorted(homes, key=lambda home: (-home.share, len(home.folder), home.folder))
        return []

    def class_folders(self) -> list[str]:
        """The folders all of whose photos lie in two or more sub-folders: these may be classes."""
        return [
            place
            for place in self._folders
            if not self.by_folder.get(place) and len(self.classes(place)) >= 2
        ]

    def classes(self, folder: str) -> list[str]:
        """The sub-folders of a folder that hold photos, at any depth."""
        inside = {
            _inside(folder, place).split("/")[0] for place in self.by_folder if _is_below(folder, place)
        }
        return sorted(inside - {""})

    def sizes(self, names: Iterable[str]) -> np.ndarray:
        """(height, width) of some photos `(n, 2)`, turned as they will be; those without a whole header are left out."""
        from holdfast import vision

        pillow = vision.pillow()
        found = []
        every = list(names)
        for name in every[:: max(1, -(-len(every) // LOOKED_AT))]:
            try:
                with pillow.open(self.folder / name) as photo:
                    width, height = photo.size
                    turned = photo.getexif().get(ORIENTATION, 1) >= TURNED
            except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError):
                continue  # the reader names what is damaged
            found.append((width, height) if turned else (height, width))
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    @cached_property
    def _folders(self) -> list[str]:
        """Every folder with photos in it or below it, the upper ones first."""
        found = {above for place in self.by_folder for above in _and_above(place)}
        return sorted(found, key=lambda place: (place.count("/"), place))

    @cached_property
    def _sets(self) -> dict[Form, set[str]]:
        """Whole paths of photos, of photos without their ending, and of folders."""
        files = {_join(place, name) for place, names in self.by_folder.items() for name in names}
        return {
            "file": files,
            "stem": {file.rpartition(".")[0] for file in files},
            "folder": set(self._folders) - {""},
        }

    @cached_property
    def _places(self) -> dict[Form, dict[str, list[str]]]:
        """The same by their last part."""
        made: dict[Form, dict[str, list[str]]] = {}
        for form, paths in self._sets.items():
            places = made.setdefault(form, {})
            for path in sorted(paths):
                places.setdefault(path.rpartition("/")[2], []).append(path)
        return made


def find_photos(folder: Path, endings: tuple[str, ...] = ENDINGS) -> Photos:
    """All photos in a folder and below it, by their endings; hidden files and folders are none."""
    found: dict[str, list[str]] = {}
    for where, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        names = sorted(name for name in files if not name.startswith(".") and name.lower().endswith(endings))
        if names:
            place = Path(where).relative_to(folder).as_posix()
            found["" if place == "." else place] = names
    return Photos(folder, found)


def _homes_of(value: str, places: dict[str, list[str]]) -> Iterator[str]:
    value = value.rstrip("/")
    for path in places.get(value.rpartition("/")[2], []):
        if path == value:
            yield ""
        elif path.endswith(f"/{value}"):
            yield path[: -len(value) - 1]


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name


def _is_below(folder: str, place: str) -> bool:
    return not folder or place == folder or place.startswith(f"{folder}/")


def _inside(folder: str, place: str) -> str:
    return place[len(folder) :].lstrip("/") if folder else place


def _and_above(place: str) -> Iterator[str]:
    while place:
        yield place
        place = place.rpartition("/")[0]
    yield ""


@dataclass(frozen=True)
class PhotoParts:
    """Where the photos of a folder's parts lie. `path`: the column that names them; None: folders are the classes."""

    photos: Photos
    path: str | None
    images: Home
    test_images: Home | None = None

    @property
    def exploded(self) -> bool:
        """Whether a row names a folder, each photo in which is a sample."""
        return self.images.form == "folder"
