"""Readings of a folder with frames: `.npy` files of pictures in time, in folders or all in one array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from holdfast.plan.answers import Answers
from holdfast.plan.frame_files import Axes, FrameParts, axes_of, heads
from holdfast.plan.look import ArrayFile, Files, TableFile
from holdfast.plan.roles import (
    SAME,
    Roles,
    can_name,
    common,
    id_candidates,
    names_in,
    rate_id,
    rate_names,
)
from holdfast.plan.roles_of_photo_folders import rate_folder

NAMES = "id"  # what the files' names are called where no table has a column of them


@dataclass(frozen=True)
class _Named:
    """Files in a folder that a table's column names; `alone`: the folder's own files, which no table names."""

    table: TableFile
    column: str
    folder: str
    files: list[Path]
    share: float = 1.0  # of the column's values
    alone: bool = False


def readings_of_frames(files: Files, answers: Answers) -> list[Roles]:
    """Every reading that shapes, names and ids allow, each with its score. Frames have no column of targets."""
    if answers.target is not None:
        return []
    readings = [*_of_folders(files, answers), *_of_arrays(files, answers)]
    for reading in readings:
        _explain(reading)
    return readings


def _of_folders(files: Files, answers: Answers) -> Iterator[Roles]:
    named = [one for table in files.tables for one in _named(files, table, answers)]
    ids = [table.columns[0] for table in files.wide if table.columns]
    alone = [_alone(files, place, ids[0] if ids else NAMES) for place in files.frames.by_folder if place]
    for train in named or alone:
        tests = [*named, *(replace(one, column=train.column) for one in alone)]
        tested = [_reading(train, test) for test in tests if _can_be_test(train, test)]
        for found in _those_of_frames(_reading(train, None), tested, files.wide, answers):
            yield found if named or ids else replace(found, id=None)


def _named(files: Files, table: TableFile, answers: Answers) -> Iterator[_Named]:
    """The columns of a table that name frames files, each row its own."""
    for column in table.columns if answers.id is None else [answers.column("id")]:
        if column not in table.columns or not can_name(table.frame[column]):
            continue
        if not table.one_row_each(column):
            continue
        values = table.distinct(column)
        for home in files.frames.homes(values):
            if home.form != "folder":
                ending = "" if home.form == "file" else ".npy"
                paths = [files.folder / home.folder / f"{value}{ending}" for value in values]
                yield _Named(table, column, home.folder, paths, home.share)


def _alone(files: Files, place: str, column: str) -> _Named:
    """A folder whose files' names are the ids."""
    paths = [files.folder / place / name for name in files.frames.by_folder[place]]
    table = TableFile(files.folder / place, pd.DataFrame({column: [path.stem for path in paths]}), place)
    return _Named(table, column, place, paths, alone=True)


def _can_be_test(train: _Named, test: _Named) -> bool:
    """Other files; a table of test samples has no column that the training one lacks."""
    if test.table.name == train.table.name or test.column != train.column:
        return False
    if test.alone:
        return test.folder != train.folder
    if not set(test.table.columns) <= set(train.table.columns):
        return False
    same = test.folder == train.folder
    return not same or common(train.table.distinct(train.column), test.table.distinct(test.column)) == 0


def _reading(train: _Named, test: _Named | None) -> Roles | None:
    head = heads(train.files)
    there = None if test is None else heads(test.files)
    if head is None or (test is not None and there is None):
        return None
    axes = axes_of(head[0], None if there is None else there[0])
    if axes is None:
        return None
    found = _training(train, FrameParts(axes, _field(train), head[1], tuple(train.files)), head[0])
    if test is None or there is None:
        return found
    assert found.frames is not None
    parts = replace(found.frames, test_frames=_field(test))
    parts.why["test_frames"] = f"where {test.table.name} finds its samples, arrays {there[0]}"
    found.why["test"] = f"{'holds' if test.alone else 'names'} arrays {there[0]}"
    score = found.score + (2.0 if test.alone else 3.0) + 0.5 * (len(train.table) >= len(test.table))
    score += rate_folder(test.folder, "test")
    return replace(found, test=test.table, frames=parts, score=score)


def _training(train: _Named, parts: FrameParts, shape: tuple[int, ...]) -> Roles:
    name = train.table.name
    parts.why["frames"] = f"{train.share:.0%} of {name} is found there, arrays {shape}"
    found = Roles("frames", train.table, train.table, id=train.column, frames=parts)
    found.score = rate_folder(train.folder, "train")
    if train.alone:
        found.why["kind"] = f"{name} holds arrays {shape}, pictures in time"
        found.why["train"] = f"{len(train.table):,} files, which no table names"
    else:
        found.why["kind"] = f"column {train.column} of {name} names arrays {shape}, pictures in time"
        found.why["train"] = "names the samples"
    return found


def _field(named: _Named) -> str | None:
    """What `frames` says: nothing where the files are the part itself, or lie beside the table."""
    return None if named.alone else named.folder or None


def _of_arrays(files: Files, answers: Answers) -> Iterator[Roles]:
    """One array `(n, …)` of samples beside a table of as many rows; to predict such a pair, an array alone, or none."""
    deep = [one for one in files.arrays if len(one.shape) == 4 and one.array.dtype.kind in "fiu"]
    for id_column in id_candidates(files.tables, answers) if deep else []:
        pairs = [(array, table) for array in deep for table in files.tables if _fits(array, table, id_column)]
        for train in pairs:
            tests = [*pairs, *((array, None) for array in deep)]
            tested = [
                _reading_of_arrays(train, test, id_column)
                for test in tests
                if test[0] is not train[0] and test[1] is not train[1]
            ]
            alone = _reading_of_arrays(train, None, id_column)
            yield from _those_of_frames(alone, tested, files.wide, answers)


def _fits(array: ArrayFile, table: TableFile, id_column: str | None) -> bool:
    if len(table) != len(array):
        return False
    return id_column is None or (id_column in table.columns and table.one_row_each(id_column))


Pair = tuple[ArrayFile, TableFile]


def _reading_of_arrays(
    train: Pair, test: tuple[ArrayFile, TableFile | None] | None, id_column: str | None
) -> Roles | None:
    array, table = train
    axes = axes_of(array.shape[1:], None if test is None else test[0].shape[1:])
    if axes is None:
        return None
    parts = FrameParts(axes, array.name, array.array.dtype, (array.path,))
    parts.why["frames"] = f"{len(array):,} samples {array.shape[1:]}, as many as {table.name} has rows"
    found = Roles("frames", table, table, id=id_column, frames=parts)
    found.score = rate_names({"train": array})
    found.why["kind"] = f"{array.name} is an array {array.shape}, pictures in time"
    found.why["train"] = f"{len(table):,} rows, as many as {array.name} has samples"
    if test is None:
        return found
    other, ids = test
    said = f"{len(other):,} samples {other.shape[1:]}"
    score = found.score + 2.0 + rate_names({"test": other})
    if ids is None:
        found.why["test"] = said
        return replace(found, test=other, score=score)
    parts.why["test_frames"] = said
    found.why["test"] = f"{len(ids):,} rows, as many as {other.name} has samples"
    score += 1.0 + (set(ids.columns) <= set(table.columns))
    return replace(found, test=ids, frames=replace(parts, test_frames=other.name), score=score)


def _those_of_frames(
    alone: Roles | None, tested: list[Roles | None], wide: list[TableFile], answers: Answers
) -> Iterator[Roles]:
    """The readings with a test part whose samples are shorter, else the one without a test part.

    Where training and test samples have one shape they may be anything: frames only if the user says so.
    """
    made = [reading for reading in tested if reading is not None]
    shorter = [reading for reading in made if reading.frames is not None and reading.frames.axes.leads]
    if answers.kind == "frames":
        shorter = shorter or made
    if not shorter and alone is not None and (answers.kind == "frames" or not made):
        shorter = [alone]
    for reading in shorter:
        yield from _with_sample(reading, wide)


def _with_sample(found: Roles, wide: list[TableFile]) -> Iterator[Roles]:
    """The reading itself, and with each table of as many columns as there are pixels to predict."""
    yield found
    assert found.frames is not None
    for sample in wide:
        if found.id is not None and found.id not in sample.columns:
            continue
        if leads_in(sample, found.frames.axes) is None or not _same_samples(found, sample):
            continue
        yield replace(found, sample=sample, score=found.score + 4.0)


def leads_in(sample: TableFile, axes: Axes) -> int | None:
    """How many frames a wide table has columns for; None where it has another number of columns, or of frames."""
    leads, rest = divmod(sample.hidden, axes.pixels)
    if rest or not leads or (axes.leads is not None and leads != axes.leads):
        return None
    return leads


def _same_samples(found: Roles, sample: TableFile) -> bool:
    if found.test is not None and len(sample) != len(found.test):
        return False
    if not isinstance(found.test, TableFile):
        return (
            found.id is not None and common(sample.distinct(found.id), found.side.distinct(found.id)) < SAME
        )
    if found.id is None:
        return True
    return common(sample.distinct(found.id), found.test.distinct(found.id)) >= SAME


def _explain(found: Roles) -> None:
    """Adds the points for names and id, and says what the sample is."""
    tables = [file for file in found.named().values() if isinstance(file, TableFile)]
    found.score += rate_names(dict(found.named())) + rate_id(found.id, tables)
    if found.id is not None:
        nowhere = found.frames is not None and found.frames.frames is None and found.train.path.is_dir()
        found.why["id"] = "the files' names in the sample" if nowhere else names_in(tables)
    if found.sample is not None and found.frames is not None:
        leads = leads_in(found.sample, found.frames.axes)
        found.why["sample"] = (
            f"its {found.sample.hidden:,} columns are the pixels of {leads} frame{'' if leads == 1 else 's'}"
        )
