"""Which file of a folder is what: inputs and targets to train on, inputs and ids to predict, the sample."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pandas as pd

from holdfast.errors import BadInput
from holdfast.plan.answers import Answers
from holdfast.plan.frame_files import FrameParts
from holdfast.plan.look import ArrayFile, Files, TableFile, is_whole
from holdfast.plan.photos import PhotoParts
from holdfast.plan.sample import Form

# Names only break ties between readings that the contents allow.
ROLE_WORDS = {
    "train": re.compile(r"train|learn", re.IGNORECASE),
    "labels": re.compile(r"label|target|answer|truth|train|^y[_.]", re.IGNORECASE),
    "test": re.compile(r"test|eval|predict", re.IGNORECASE),
    "test_ids": re.compile(r"test|eval|ids", re.IGNORECASE),
    "sample": re.compile(r"sample|subm|example", re.IGNORECASE),
}
ID_WORDS = re.compile(r"(^|_)(u?id|key|index|name|no|file|file_?name)$|id$|^id|번호", re.IGNORECASE)
NAMELESS = re.compile(r"^(Unnamed: \d+|__index_level_\d+__|)$")
SAME = (
    0.5  # share of ids in common from which two files are about the same samples; the reader checks the rest
)


@dataclass
class Roles:
    """The part that each file plays; `side` is the frame with one row a sample that holds the targets."""

    kind: str
    train: TableFile | ArrayFile
    side: TableFile
    labels: TableFile | None = None
    test: TableFile | ArrayFile | None = None
    test_ids: TableFile | None = None
    sample: TableFile | None = None
    id: str | None = None
    form: Form | None = None
    photos: PhotoParts | None = None
    frames: FrameParts | None = None
    score: float = 0.0
    why: dict[str, str] = field(default_factory=dict)

    @property
    def test_columns(self) -> set[str] | None:
        """Columns known for test samples; None where there is no test part to compare with."""
        for table in (self.test, self.test_ids):
            if isinstance(table, TableFile):
                return set(table.columns)
        return None if self.sample is None or not self.is_array else set()

    @property
    def is_array(self) -> bool:
        return isinstance(self.train, ArrayFile)

    def named(self) -> dict[str, TableFile | ArrayFile]:
        """The files in use, by their field of the recipe."""
        parts = {
            "train": self.train, "labels": self.labels, "test": self.test,
            "test_ids": self.test_ids, "sample": self.sample,
        }  # fmt: skip
        return {role: file for role, file in parts.items() if file is not None}


def find_roles(files: Files, answers: Answers) -> Roles:
    """The reading of a folder that its contents bear out best. Raises BadInput where none does."""
    from holdfast.plan.roles_of_arrays import readings_of_arrays
    from holdfast.plan.roles_of_frames import readings_of_frames
    from holdfast.plan.roles_of_photo_folders import refuse_part_as_class
    from holdfast.plan.roles_of_photos import readings_of_photos
    from holdfast.plan.roles_of_tables import readings_of_tables

    readings = readings_of_frames(files, answers) if answers.kind in (None, "frames") else []
    if not readings and answers.kind in (None, "images"):
        readings = readings_of_photos(files, answers)
    if not readings and answers.kind not in ("table", "images", "frames"):
        readings = readings_of_arrays(files, answers)
    if not readings and answers.kind not in ("images", "frames"):
        readings = readings_of_tables(files, answers)
    if not readings:
        raise BadInput(
            f"{files.folder}: cannot tell which file holds training inputs and targets; seen:\n"
            f"{files.seen()}\n"
            "expected a table with one row a sample, a long table with many rows an id, an array of windows"
            " beside a table of as many rows, a table that names photos or arrays of frames, or folders of photos,"
            " one a class; --id, --target and --kind narrow the search"
        )
    best = max(readings, key=lambda reading: reading.score)
    refuse_part_as_class(best)
    return best


def id_candidates(tables: list[TableFile], answers: Answers) -> list[str | None]:
    """Columns that could name samples (whole numbers or texts, each once in some file), and None."""
    if answers.said("id"):
        return [answers.column("id")]
    found: dict[str, None] = {}
    for table in tables:
        for column in table.columns:
            if can_name(table.frame[column]) and table.one_row_each(column):
                found[column] = None
    return [*found, None]


def can_name(values: pd.Series) -> bool:
    if values.isna().any() or pd.api.types.is_bool_dtype(values):
        return False
    return not pd.api.types.is_numeric_dtype(values) or is_whole(values)


def rate_id(column: str | None, tables: list[TableFile]) -> float:
    """How well a column stands for an id: a text, an id-like name, in every file that is used."""
    if column is None:
        return -5.0 if any(_names_all(name, tables) for name in tables[0].columns) else 0.0
    if NAMELESS.match(column):
        return -0.5
    named = bool(ID_WORDS.search(column))
    text = not pd.api.types.is_numeric_dtype(tables[0].frame[column])
    alone = len(tables) == 1
    if alone and not named and not text:
        return -2.0  # a whole number that happens to differ in every row
    return 1.0 + 0.5 * named + 0.5 * text


def _names_all(column: str, tables: list[TableFile]) -> bool:
    return not NAMELESS.match(column) and all(
        column in table.columns and can_name(table.frame[column]) and table.one_row_each(column)
        for table in tables
    )


def rate_names(parts: dict[str, TableFile | ArrayFile | None]) -> float:
    """Half a point for each file with the usual name of its part, less where it has the other part's."""
    rate = 0.0
    for role, file in parts.items():
        if file is None:
            continue
        rate += 0.5 * bool(ROLE_WORDS[role].search(file.name))
        opposite = ROLE_WORDS["test"] if role in ("train", "labels") else ROLE_WORDS["train"]
        rate -= 0.5 * bool(opposite.search(file.name))
    return rate


def names_in(tables: list[TableFile]) -> str:
    """Where an id column was seen."""
    return (
        f"names the samples in {tables[0].name}"
        if len(tables) == 1
        else f"names the samples in {len(tables)} files"
    )


def common(a: pd.Index, b: pd.Index) -> float:
    """Share of ids in common, of all that either has."""
    both = int(a.isin(b).sum())
    return both / max(len(a) + len(b) - both, 1)
